"""DDI 2013: drug interactions in DrugBank texts and MEDLINE abstracts, one XML file a document.

The ends of mentions are those of their last character. Pairs are unordered.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from ..errors import BioreError, Errors
from .contradictions import refusing
from .document import Document, Relation
from .members import all_broken, find_broken, list_members, read_members
from .mentions import OnMismatch
from .sentence_xml import NO_TYPE, Conventions, Sentence, is_true, parse_root, parse_xml, pointing_out, read_document
from .sources import Found, Source, in_order, split_of

# Which kind of name it is does not matter to its interactions.
TYPES = dict.fromkeys(("drug", "brand", "group", "drug_n"), "DRUG")

_DOCUMENT = re.compile(r"^[^.].*\.xml$", re.IGNORECASE)
# The test set of the recognition task was not annotated with interactions.
_RECOGNITION = re.compile(r"drug\s*ner", re.IGNORECASE)


def find_ddi(root: Path) -> Found:
    """Find the splits of the original archive, or of a folder, by the names of the folders in it.

    Documents that are broken or no XML are left out, and named in their split.

    Raises:
        BioreError: BR100, BR150 if it or all of a split cannot be read; BR110 if there are no documents.
    """
    splits: dict[str, dict[str, Path]] = defaultdict(dict)
    skipped: dict[Path, str] = {}
    for name, path in list_members(root).items():
        parts = PurePosixPath(name)
        if not path.exists():
            skipped[path] = "a link to nothing"
        elif not _DOCUMENT.search(parts.name):
            skipped[root / name] = "not a document, by its name"
        elif _RECOGNITION.search(name):
            skipped[root / name] = "test set of the recognition task, without interactions"
        else:
            splits[split_of(parts, root)][name] = path
    if not splits:
        raise BioreError(
            Errors.BR110.format(path=root, wanted="*.xml in the folders Train and Test, or the .zip itself")
        )
    return Found(in_order(_sound(name, files, root) for name, files in splits.items()), skipped)


def read_ddi(source: Source, *, on_mismatch: OnMismatch = "error") -> Iterator[Document]:
    """Read one split; the head of an interaction is the mention that comes first in the text.

    Warns of interactions without a type (BRW15) and of mentions that had to be moved (BRW16).

    Raises:
        BioreError: BR100 for files, BR106, BR107, BR109, BR151, BR152 and BR156 for what they hold.
    """
    yield from pointing_out(refusing(_documents(source), on_mismatch))


def _documents(source: Source) -> Iterator[Document]:
    conventions = Conventions(1, TYPES)
    for where, data in read_members(source.files):
        for element in parse_xml(data, where).iter("document"):
            yield read_document(element, _relations, where=where, conventions=conventions)


def _sound(name: str, files: Mapping[str, Path], root: Path) -> Source:
    """Make a split of what can be read of it."""
    broken = find_broken(files, parse_root)
    if len(broken) == len(files):
        raise all_broken(root, broken)
    return Source(name, {file: path for file, path in files.items() if file not in broken}, broken=broken)


def _relations(sentence: Sentence) -> Iterator[Relation]:
    for pair in sentence.element.findall("pair"):
        if not is_true(pair, "ddi", sentence.where):
            sentence.counts.negatives += 1
            continue
        sentence.counts.relations.read += 1
        if label := pair.get("type", "").strip():
            yield from sentence.relate(pair, label)
        else:
            sentence.counts.relations.dropped[NO_TYPE] += 1
