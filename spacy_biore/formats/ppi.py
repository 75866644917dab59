"""Protein interactions: the unified XML of Pyysalo et al. (AIMed and its sisters), and folds of instances in JSON.

Pairs are unordered, and have one label.
"""

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path, PurePosixPath

from ..errors import BioreError, Errors
from .contradictions import refusing
from .document import Document, Relation
from .members import read_file
from .mentions import OnMismatch
from .ppi_folds import read_fold
from .sentence_xml import Conventions, Sentence, find_ends, is_true, parse_xml, pointing_out, read_document
from .sources import Found, Source, find_files

FILE_NAME = re.compile(r"\.(xml|json)$", re.IGNORECASE)
LABEL = "PPI"
TYPES = {"protein": "PROTEIN"}

_FOLD = re.compile(r"test_([0-9]+)\.json")


def find_ppi(root: Path) -> Found:
    """Find the XML files at a path, one split each, and the folds: ``test_0.json`` is ``fold_0``.

    Other JSON files are left out: training sides, which the other folds make up, and tables of types.

    Raises:
        BioreError: BR100 if there is nothing at ``root``, BR110 if no file of the folder fits.
    """
    found = find_files(root, FILE_NAME)
    if not root.is_dir():
        return found
    sources: list[Source] = []
    skipped = dict(found.skipped)
    for source in found.sources:
        if fold := _FOLD.fullmatch(source.path.name):
            name = PurePosixPath(source.name).with_name(f"fold_{fold[1]}").as_posix()
            sources.append(Source(name, source.files, is_fold=True))
        elif _is_json(source.path):
            skipped[source.path] = "not a fold, by its name (test_0.json)"
        else:
            sources.append(source)
    if not sources:
        raise BioreError(Errors.BR110.format(path=root, wanted="*.xml, or test_0.json and so on"))
    return Found(sources, skipped)


def read_ppi(source: Source, *, on_mismatch: OnMismatch = "error") -> Iterator[Document]:
    """Read one file; the head of an interaction is the mention that comes first in the text.

    Raises:
        BioreError: BR100 to BR102 for files, BR106, BR107, BR109, BR130, BR151 to BR154 and BR156 for what they hold.
    """
    if _is_json(source.path):
        return refusing(read_fold(source.path, label=LABEL, types=TYPES), on_mismatch)
    return pointing_out(refusing(_documents(source), on_mismatch))


def _is_json(path: Path) -> bool:
    return path.suffix.lower() == ".json"


def _documents(source: Source) -> Iterator[Document]:
    where = str(source.path)
    root = parse_xml(read_file(source.path), where)
    conventions = Conventions(find_ends(root), TYPES)
    # One variant of the format lists all pairs, the other only those that interact.
    relations_of = _interacting if root.find(".//pair") is None else _listed
    for element in root.iter("document"):
        yield read_document(element, relations_of, where=where, conventions=conventions)


def _listed(sentence: Sentence) -> Iterator[Relation]:
    for pair in sentence.element.findall("pair"):
        if is_true(pair, "interaction", sentence.where):
            sentence.counts.relations.read += 1
            yield from sentence.relate(pair, LABEL)
        else:
            sentence.counts.negatives += 1


def _interacting(sentence: Sentence) -> Iterator[Relation]:
    unlisted = {frozenset(pair) for pair in combinations(sentence.mentions, 2)}
    for interaction in sentence.element.findall("interaction"):
        sentence.counts.relations.read += 1
        yield from sentence.relate(interaction, LABEL)
        unlisted.discard(frozenset((interaction.get("e1", ""), interaction.get("e2", ""))))
    sentence.counts.negatives += len(unlisted)
