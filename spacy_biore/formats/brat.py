"""brat's standoff format: for each document a text file and, under the same name, its annotations.

What is read: mentions (``T``), relations of two arguments (``R``) and the concepts of mentions (``N``). Events (``E``)
and equivalences (``*``) are no such relations; they are counted and left out. Attributes (``A``, ``M``) and notes
(``#``) are not looked at.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path, PurePosixPath

from ..errors import BioreError, Errors
from .contradictions import refusing
from .counts import MENTION_DROPPED, Counts
from .document import Document, Mention, Relation
from .lines import Line, shorten
from .members import list_members, read_members
from .mentions import OnMismatch
from .parts import locate
from .sources import Found, Source, in_order, split_of

TEXT, ANNOTATIONS = ".txt", ".ann"
# Reasons to drop a relation.
AN_EVENT = "an event"
AN_EQUIVALENCE = "an equivalence"
OF_AN_EVENT = "between events"

# Annotations are on one line each, and have a space for each line break or tab of the text.
_BLANKS = str.maketrans("\r\n\t", "   ")
_KINDS = re.compile(r"(?P<kind>[TRNEAM*#])\S*\t.*")
_MENTION = re.compile(r"(?P<type>\S+) (?P<places>[0-9]{1,9} [0-9]{1,9}(?:;[0-9]{1,9} [0-9]{1,9})*)")
_RELATION = re.compile(r"(?P<label>\S+)\s+\S+?:(?P<head>\S+)\s+\S+?:(?P<tail>\S+)\s*")
_CONCEPT = re.compile(r"\S+ (?P<mention>\S+) (?P<concept>.+)")


def find_brat(root: Path) -> Found:
    """Find the pairs of text and annotations in a folder or archive; the folders in it name the splits.

    Raises:
        BioreError: BR100, BR150 if it cannot be read, BR110 if there are no such pairs.
    """
    members = list_members(root)
    splits: dict[str, dict[str, Path]] = defaultdict(dict)
    skipped: dict[Path, str] = {}
    for name, path in members.items():
        stem, suffix = PurePosixPath(name).with_suffix(""), PurePosixPath(name).suffix
        other = {TEXT: ANNOTATIONS, ANNOTATIONS: TEXT}.get(suffix)
        if other is None:
            skipped[root / name] = "neither text nor annotations, by its name"
        elif f"{stem}{other}" not in members:
            skipped[root / name] = f"no {other} beside it"
        elif suffix == TEXT:
            files = {name: path, f"{stem}{other}": members[f"{stem}{other}"]}
            splits[split_of(PurePosixPath(name), root)] |= files
    if not splits:
        raise BioreError(Errors.BR110.format(path=root, wanted=f"pairs of *{TEXT} and *{ANNOTATIONS}"))
    return Found(in_order(Source(name, files) for name, files in splits.items()), skipped)


def read_brat(source: Source, *, on_mismatch: OnMismatch = "error") -> Iterator[Document]:
    """Read one split. The first argument of a relation is the head.

    Raises:
        BioreError: BR100 and BR102 for files; BR103, BR106, BR107, BR109, BR118, BR156 and BR160 for what they hold.
    """
    return refusing(_documents(source), on_mismatch)


def _documents(source: Source) -> Iterator[Document]:
    names = [PurePosixPath(name) for name in list(source.files)[::2]]
    uses = Counter(name.stem for name in names)
    contents = read_members(source.files)
    for name, (text_file, text), (file, annotations) in zip(names, contents, contents, strict=True):
        doc_id = name.stem if uses[name.stem] == 1 else str(name.with_suffix(""))
        lines = _decode(annotations, file).split("\n")
        rows = [Line(Path(file), number, line.rstrip("\r")) for number, line in enumerate(lines, 1) if line.strip()]
        yield _document(doc_id, _decode(text, text_file), rows, file)


def _document(doc_id: str, text: str, rows: Iterable[Line], where: str) -> Document:
    by_kind: dict[str, list[Line]] = defaultdict(list)
    for row in rows:
        kind = _KINDS.fullmatch(row.text)
        if not kind:
            raise _refused(row, shorten(row.text))
        by_kind[kind["kind"]].append(row)
    counts = Counts.of_document()
    concepts = _concepts(by_kind["N"], {row.columns(3)[0] for row in by_kind["T"]})
    mentions: dict[str, Mention | None] = {}
    for row in by_kind["T"]:
        mention_id = row.columns(3)[0]
        if mention_id in mentions:
            raise BioreError(Errors.BR107.format(where=row, doc_id=doc_id, id=mention_id))
        mentions[mention_id] = _mention(row, text.translate(_BLANKS), concepts.get(mention_id), doc_id, counts)
    relations = [one for row in by_kind["R"] for one in _relations(row, mentions, doc_id, counts)]
    counts.relations.drop_unread(len(by_kind["E"]), AN_EVENT)
    counts.relations.drop_unread(len(by_kind["*"]), AN_EQUIVALENCE)
    kept = [mention for mention in mentions.values() if mention]
    return Document(doc_id, text, kept, relations, source=where, counts=counts)


def _mention(row: Line, text: str, concept: str | None, doc_id: str, counts: Counts) -> Mention | None:
    mention_id, description, surface = row.columns(3)
    found = _MENTION.fullmatch(description)
    if not found:
        raise _refused(row, f"{description!r} is no type with offsets")
    numbers = [int(number) for number in re.findall("[0-9]+", found["places"])]
    parts = list(zip(numbers[::2], numbers[1::2], strict=True))
    place = locate(parts, surface, text=text, counts=counts, where=str(row), doc_id=doc_id)
    return Mention(mention_id, *place, found["type"], concept) if place else None


def _concepts(rows: Iterable[Line], mentions: Set[str]) -> dict[str, str]:
    """Return the concepts of each mention, several with ``|`` between them; those of events are left out."""
    concepts: dict[str, str] = {}
    for row in rows:
        description = row.columns(2, 3)[1]
        found = _CONCEPT.fullmatch(description)
        if not found:
            raise _refused(row, f"{description!r} names no mention with its concept")
        name, concept = found["mention"], found["concept"]
        if name not in mentions and not _is_event(name):
            raise _refused(row, f"there is no mention '{name}'")
        concepts[name] = f"{concepts[name]}|{concept}" if name in concepts else concept
    return concepts


def _relations(row: Line, mentions: Mapping[str, Mention | None], doc_id: str, counts: Counts) -> list[Relation]:
    description = row.columns(2, 3)[1]
    found = _RELATION.fullmatch(description)
    if not found:
        raise _refused(row, f"{description!r} is no label with two arguments")
    counts.relations.read += 1
    names = found["head"], found["tail"]
    if any(map(_is_event, names)):
        counts.relations.dropped[OF_AN_EVENT] += 1
        return []
    for name in names:
        if name not in mentions:
            raise BioreError(Errors.BR109.format(where=row, doc_id=doc_id, id=name))
    head, tail = (mentions[name] for name in names)
    if head is None or tail is None:
        counts.relations.dropped[MENTION_DROPPED] += 1
        return []
    return [Relation(head.id, tail.id, found["label"])]


def _is_event(name: str) -> bool:
    return name.startswith("E")


def _refused(row: Line, problem: str) -> BioreError:
    return BioreError(Errors.BR160.format(where=row, problem=problem))


def _decode(data: bytes, where: str) -> str:
    """Return the contents of a file with its line ends, which offsets count."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start)
        position = error.start - data.rfind(b"\n", 0, error.start)
        raise BioreError(
            Errors.BR102.format(path=where, line=line + 1, byte=data[error.start], position=position)
        ) from error
