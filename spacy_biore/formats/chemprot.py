"""ChemProt (BioCreative VI) and DrugProt (BioCreative VII): tables of abstracts, entities and relations.

Offsets count characters over title, one separator and abstract; the separator is a tab here.
"""

import re
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from ..errors import BioreError, Errors, Warnings
from .counts import MENTION_DROPPED, Counts
from .document import Document, Mention, Relation
from .lines import Line, checked_name, read_lines
from .mentions import MentionRow, OnMismatch, build_mentions
from .sources import Found, Source, files_in, in_order, split_name

# Whether a gene mention could be normalised to a database does not matter to its relations.
TYPES = {"GENE-Y": "GENE", "GENE-N": "GENE"}

# DrugProt's own files are named "abstracs".
_ROLES = {
    "abstracts": re.compile(r"abstra\w*?s(?=[_.])"),
    "entities": re.compile(r"entities"),
    "gold_standard": re.compile(r"gold_standard"),
    "relations": re.compile(r"relations"),
}
_ARGUMENT = re.compile(r"Arg([12]):(\S+)")
_NOT_EVALUATED = "not an evaluated class"


def find_chemprot(root: Path) -> Found:
    """Find the splits of a distribution, or of one split's folder, by the names of the files.

    The sample set is left out where there is another split.

    Raises:
        BioreError: BR100, BR110 if there are none; BR111 if two files claim one place; BR112 if a split lacks a table.
    """
    if not root.exists():
        raise BioreError(Errors.BR100.format(path=root, problem="no such folder"))
    if not root.is_dir():
        raise BioreError(Errors.BR100.format(path=root, problem="this format is read from a folder, not from a file"))
    splits: dict[str, dict[str, Path]] = defaultdict(dict)
    skipped: dict[Path, str] = {}
    for path in files_in(root):
        role = _role(path)
        if not path.exists():
            skipped[path] = "a link to nothing"
        elif role is None:
            skipped[path] = "not a table of this format, by its name"
        elif role in splits[name := _split(path, role)]:
            raise BioreError(Errors.BR111.format(path=path, other=splits[name][role], split=name))
        else:
            splits[name][role] = path
    if not splits:
        raise BioreError(Errors.BR110.format(path=root, wanted="*_abstracts*.tsv and *_entities*.tsv"))
    for name in [name for name in splits if "sample" in name and len(splits) > 1]:
        skipped.update(dict.fromkeys(splits.pop(name).values(), "sample set"))
    return Found(in_order(_complete(name, files) for name, files in splits.items()), skipped)


def read_chemprot(source: Source, *, on_mismatch: OnMismatch = "error") -> Iterator[Document]:
    """Read one split: relations from its gold standard, or, where it has none, from its table of relations.

    Raises:
        BioreError: BR101 to BR109, BR113 and BR118 for what the tables may hold that does not fit.
    """
    abstracts = [_abstract(line) for line in read_lines(source.files["abstracts"])]
    known = {doc_id for _, doc_id, _ in abstracts}
    entities = _by_document(source.files["entities"], 6, known=known)
    relations_path = source.files.get("gold_standard") or source.files.get("relations")
    if not relations_path:
        warnings.warn(Warnings.BRW11.format(split=source.name, path=source.files["abstracts"].parent), stacklevel=2)
    relations = _by_document(relations_path, 4, 6, known=known) if relations_path else {}
    for line, doc_id, text in abstracts:
        counts = Counts.of_document()
        rows = (_mention_row(row) for row in entities.get(doc_id, ()))
        mentions = build_mentions(rows, text, counts=counts, on_mismatch=on_mismatch)
        yield Document(
            id=doc_id,
            text=text,
            mentions=[mention for mention in mentions.values() if mention],
            relations=list(_relations(relations.get(doc_id, ()), mentions, counts)),
            source=str(line),
            counts=counts,
        )


def _role(path: Path) -> str | None:
    if path.suffix.lower() != ".tsv":
        return None
    return next((role for role, pattern in _ROLES.items() if pattern.search(path.name.lower())), None)


def _split(path: Path, role: str) -> str:
    """Name a split after its file; without a name of its own, after its folder."""
    prefix = _ROLES[role].split(path.name.lower())[0].strip("_-. ")
    return split_name(path.name) or prefix or path.parent.name


def _complete(name: str, files: dict[str, Path]) -> Source:
    for role in ("abstracts", "entities"):
        if role not in files:
            raise BioreError(Errors.BR112.format(split=name, role=role, path=next(iter(files.values())).parent))
    return Source(name, files)


def _abstract(line: Line) -> tuple[Line, str, str]:
    doc_id, title, abstract = line.columns(3)
    return line, doc_id, f"{title}\t{abstract}"


def _by_document(path: Path, *sizes: int, known: Collection[str]) -> dict[str, list[Line]]:
    rows: dict[str, list[Line]] = defaultdict(list)
    for line in read_lines(path):
        doc_id = line.columns(*sizes)[0]
        if doc_id not in known:
            raise BioreError(Errors.BR108.format(where=line, doc_id=doc_id))
        rows[doc_id].append(line)
    return rows


def _mention_row(line: Line) -> MentionRow:
    doc_id, mention_id, entity_type, start, end, surface = line.columns(6)
    return MentionRow(line, doc_id, mention_id, TYPES.get(entity_type.strip(), entity_type), start, end, surface)


def _relations(rows: Iterable[Line], mentions: dict[str, Mention | None], counts: Counts) -> Iterator[Relation]:
    for line in rows:
        counts.relations.read += 1
        doc_id, label, *details = line.columns(4, 6)
        label = checked_name(label, "label of a relation", where=line, doc_id=doc_id)
        if len(details) == 4 and details[0].strip() != "Y":
            counts.relations.dropped[_NOT_EVALUATED] += 1
            continue
        head, tail = (_argument(line, doc_id, details[number - 3], number, mentions) for number in (1, 2))
        if mentions[head] and mentions[tail]:
            yield Relation(head, tail, label)
        else:
            counts.relations.dropped[MENTION_DROPPED] += 1


def _argument(line: Line, doc_id: str, value: str, number: int, mentions: Collection[str]) -> str:
    match = _ARGUMENT.fullmatch(value)
    if not match or match[1] != str(number):
        raise BioreError(Errors.BR113.format(where=line, doc_id=doc_id, number=number, value=value))
    if match[2] not in mentions:
        raise BioreError(Errors.BR109.format(where=line, doc_id=doc_id, id=match[2]))
    return match[2]
