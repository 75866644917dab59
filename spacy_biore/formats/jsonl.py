"""The package's own format: one JSON object a line, one document each. See docs/formats.md for the schema."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import BioreError, Errors
from .document import Document, Mention, Relation
from .lines import Line, read_lines
from .mentions import check_range, check_surface
from .sources import Found, Source, find_files
from .staging import Staging

FILE_NAME = re.compile(r"\.jsonl$", re.IGNORECASE)

_REQUIRED: dict[str, dict[str, type]] = {
    "document": {"id": str, "text": str, "mentions": list, "relations": list},
    "mention": {"id": str, "start": int, "end": int, "type": str},
    "relation": {"head": str, "tail": str, "label": str},
}
_OPTIONAL: dict[str, dict[str, type]] = {
    "document": {"group": str, "sentences": list},
    "mention": {"concept": str, "text": str},
    "relation": {},
}
# What names a class: two spellings of one name would be two classes.
_NAME_KEYS = ("type", "label")
_NAMES = {str: "a string", int: "a whole number", list: "a list"}


def find_jsonl(root: Path) -> Found:
    """Find the JSONL files at a path, one split each."""
    return find_files(root, FILE_NAME)


def read_jsonl(source: Source) -> Iterator[Document]:
    """Read one file.

    Raises:
        BioreError: BR100 to BR102 for lines, BR130 for JSON, BR131 for what the schema does not allow, BR105, BR107
            and BR109 for offsets and ids.
    """
    for line in read_lines(source.path):
        yield _document(parse_line(line), line)


def write_jsonl(path: str | Path, documents: Iterable[Document]) -> None:
    """Write documents so that ``read_jsonl`` reads the same ones. On an error nothing is written.

    Raises:
        BioreError: As ``read_jsonl``, for a document that it would refuse.
    """
    path = Path(path)
    with Staging() as staging, staging.path(path).open("w", encoding="utf-8", newline="\n") as file:
        for number, document in enumerate(documents, start=1):
            data = _as_json(document)
            line = Line(path, number, json.dumps(data))
            _document(parse_line(line), line)
            file.write(json.dumps(data, ensure_ascii=False) + "\n")


def parse_line(line: Line) -> Any:
    """Return the JSON value of a line.

    Raises:
        BioreError: BR130 if it is not JSON.
    """
    try:
        return load_json(line.text)
    except ValueError as error:
        raise BioreError(Errors.BR130.format(where=line, problem=error)) from error


def load_json(text: str) -> Any:
    """Return a JSON value.

    Raises:
        ValueError: If it is not JSON, or can't be kept: keys that stand twice in one object, half a surrogate pair.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"half a surrogate pair, {error.object[error.start]!r}") from error
    except RecursionError as error:
        raise ValueError(str(error)) from error
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; a key that stands in it twice would lose its first value."""
    made = dict(pairs)
    if len(made) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise ValueError(f"the key {counts.most_common(1)[0][0]!r} stands twice in one object")
    return made


def _document(value: Any, line: Line) -> Document:
    known = value.get("id") if isinstance(value, dict) else None
    fields = _checked(value, "document", line, known if isinstance(known, str) else "?")
    doc_id = fields["id"]
    mentions: dict[str, Mention] = {}
    for item in fields["mentions"]:
        values = _checked(item, "mention", line, doc_id)
        surface = values.pop("text", None)
        mention = Mention(**values)
        if mention.id in mentions:
            raise BioreError(Errors.BR107.format(where=line, doc_id=doc_id, id=mention.id))
        check_range(mention, fields["text"], where=str(line), doc_id=doc_id)
        if surface is not None:
            check_surface(mention, surface, fields["text"], where=line, doc_id=doc_id)
        mentions[mention.id] = mention
    relations = [Relation(**_checked(item, "relation", line, doc_id)) for item in fields["relations"]]
    for name in (name for relation in relations for name in (relation.head, relation.tail)):
        if name not in mentions:
            raise BioreError(Errors.BR109.format(where=line, doc_id=doc_id, id=name))
    return Document(
        id=doc_id,
        text=fields["text"],
        mentions=list(mentions.values()),
        relations=relations,
        group=fields.get("group", ""),
        sentences=_sentences(fields, line, doc_id),
        source=str(line),
    )


def _sentences(fields: Mapping[str, Any], line: Line, doc_id: str) -> list[int] | None:
    starts: list[int] | None = fields.get("sentences")
    if starts and not _are_rising(starts, below=len(fields["text"])):
        problem = "'sentences' must be whole numbers that rise and lie in the text"
        raise BioreError(Errors.BR131.format(where=line, doc_id=doc_id, kind="document", problem=problem))
    return starts


def _are_rising(values: list[Any], *, below: int) -> bool:
    # Not isinstance: JSON's true would be a whole number.
    are_whole = all(type(value) is int for value in values)
    return are_whole and values == sorted(set(values)) and values[0] >= 0 and values[-1] < below


def _checked(value: Any, kind: str, line: Line, doc_id: str) -> dict[str, Any]:
    """Return a JSON value that is an object of this kind."""
    problem = _problem(value, _REQUIRED[kind], _OPTIONAL[kind])
    if problem:
        raise BioreError(Errors.BR131.format(where=line, doc_id=doc_id, kind=kind, problem=problem))
    return dict(value)


def _problem(value: Any, required: Mapping[str, type], optional: Mapping[str, type]) -> str | None:
    if not isinstance(value, dict):
        return "it must be an object, {...}"
    if missing := required.keys() - value.keys():
        return f"it lacks the key '{min(missing)}'"
    if unknown := value.keys() - required.keys() - optional.keys():
        return f"it has the unknown key '{min(unknown)}'"
    for key, expected in {**required, **optional}.items():
        # Not isinstance: JSON's true would be a whole number.
        if key in value and type(value[key]) is not expected:
            return f"'{key}' must be {_NAMES[expected]}"
        if expected is str and key in value and (fault := _fault(key, value[key])):
            return f"'{key}' {fault}"
    return None


def _fault(key: str, value: str) -> str | None:
    if not value.strip() and key != "text":
        return "must not be empty"
    if key in _NAME_KEYS and value != value.strip():
        return "must not begin or end with whitespace"
    return None


def _as_json(document: Document) -> dict[str, Any]:
    mentions = [
        {"id": m.id, "start": m.start, "end": m.end, "type": m.type, "text": document.text[m.start : m.end]}
        | ({"concept": m.concept} if m.concept else {})
        for m in document.mentions
    ]
    relations = [{"head": r.head, "tail": r.tail, "label": r.label} for r in document.relations]
    group = {} if document.group == document.id else {"group": document.group}
    texts: dict[str, Any] = {"id": document.id, "text": document.text, **group}
    if document.sentences is not None:
        # A sentence without text, as the only one of an empty document may be, is none.
        texts["sentences"] = [start for start in document.sentences if start < len(document.text)]
    return {**texts, "mentions": mentions, "relations": relations}
