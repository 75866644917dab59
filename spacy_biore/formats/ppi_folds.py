"""Folds of protein interactions in JSON: one candidate pair a line, with the text of its sentence and character spans.

All lines of a document are in one file. A sentence without a pair has no line.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import BioreError, Errors
from .counts import Counts
from .document import Document, Mention, Relation
from .jsonl import parse_line
from .lines import Line, checked_name, read_lines
from .pairs import relate
from .parts import locate

_ID = re.compile(r"((.+)\.s[0-9]+)_.*")
# Some entity strings hold parts of the markers that another view of the text has around the entities.
_MARKER = re.compile(r"\[/?E[12]\]")
_NAMES: dict[type, str] = {str: "a string", list: "a list"}


class _Entity(NamedTuple):
    """One entity of a pair: its parts, each with start and end, its type and its string."""

    parts: tuple[tuple[int, int], ...]
    type: str
    surface: str


class _Pair(NamedTuple):
    """One candidate pair."""

    line: Line
    first: _Entity
    second: _Entity
    is_positive: bool


@dataclass
class _Sentence:
    """A sentence with its candidate pairs."""

    id: str
    line: Line
    text: str
    pairs: list[_Pair] = field(default_factory=list)


def read_fold(path: Path, *, label: str, types: Mapping[str, str]) -> Iterator[Document]:
    """Read one file. The text of a document is its sentences, with a space between two.

    Args:
        path: The file.
        label: Label of the positive pairs.
        types: New names of entity types.

    Raises:
        BioreError: BR100 to BR102, BR130 for lines, BR153 for what the format does not allow, BR154 for a sentence of
            two texts.
    """
    documents: dict[str, dict[str, _Sentence]] = defaultdict(dict)
    for line in read_lines(path):
        _add_line(line, documents)
    for doc_id, sentences in documents.items():
        yield _document(doc_id, list(sentences.values()), label=label, types=types)


def _add_line(line: Line, documents: Mapping[str, dict[str, _Sentence]]) -> None:
    value = parse_line(line)
    name, text = _get(value, "id", str, line), _get(value, "text", str, line)
    match = _ID.fullmatch(name)
    if not match:
        raise _misfit(line, f"the id {name!r} does not name document, sentence and pair, as in 'A.d1.s2_A.d1.s2.p3'")
    sentence = documents[match[2]].setdefault(match[1], _Sentence(match[1], line, text))
    if sentence.text != text:
        raise BioreError(Errors.BR154.format(where=line, sentence=sentence.id, first=sentence.line))
    for relation in _get(value, "relation", list, line):
        kind = _get(relation, "relation_type", str, line)
        if kind not in ("positive", "negative"):
            raise _misfit(line, f"'relation_type' is {kind!r}; it must be 'positive' or 'negative'")
        first, second = (_entity(relation, f"entity_{number}", line) for number in (1, 2))
        sentence.pairs.append(_Pair(line, first, second, kind == "positive"))


def _entity(relation: Any, name: str, line: Line) -> _Entity:
    spans = _get(relation, f"{name}_idx", list, line)
    if not spans or not all(_is_span(span) for span in spans):
        raise _misfit(line, f"'{name}_idx' must be a list of [start, end]")
    parts = tuple((start, end) for start, end in spans)
    surface = _MARKER.sub("", _get(relation, name, str, line))
    return _Entity(parts, _get(relation, f"{name}_type", str, line), surface)


def _document(doc_id: str, sentences: list[_Sentence], *, label: str, types: Mapping[str, str]) -> Document:
    counts = Counts.of_document()
    mentions: list[Mention] = []
    relations: list[Relation] = []
    starts: list[int] = []
    text = ""
    for sentence in sentences:
        text += " " if text else ""
        placed = _place(sentence, len(text), doc_id=doc_id, types=types, counts=counts)
        mentions += [mention for mention in placed.values() if mention]
        relations += _relations(sentence.pairs, placed, label=label, counts=counts)
        starts.append(len(text))
        text += sentence.text
    source = str(sentences[0].line)
    return Document(doc_id, text, mentions, relations, sentences=starts, source=source, counts=counts)


def _place(
    sentence: _Sentence, base: int, *, doc_id: str, types: Mapping[str, str], counts: Counts
) -> dict[_Entity, Mention | None]:
    """Make the mentions of a sentence that begins at ``base`` in the document, in the order of the text."""
    lines = {entity: pair.line for pair in reversed(sentence.pairs) for entity in (pair.first, pair.second)}
    placed: dict[_Entity, Mention | None] = {}
    for number, entity in enumerate(sorted(lines)):
        place = locate(
            entity.parts,
            entity.surface,
            text=sentence.text,
            counts=counts,
            where=str(lines[entity]),
            doc_id=doc_id,
        )
        kind = checked_name(entity.type, "type of a mention", where=lines[entity], doc_id=doc_id)
        mention_id = f"{sentence.id}.e{number}"
        placed[entity] = Mention(mention_id, base + place[0], base + place[1], types.get(kind, kind)) if place else None
    return placed


def _relations(
    pairs: list[_Pair], placed: Mapping[_Entity, Mention | None], *, label: str, counts: Counts
) -> Iterator[Relation]:
    for pair in pairs:
        if pair.is_positive:
            counts.relations.read += 1
            yield from relate(placed[pair.first], placed[pair.second], label, counts)
        else:
            counts.negatives += 1


def _get(value: Any, key: str, kind: type, line: Line) -> Any:
    """Return a key's value of a JSON object."""
    if not isinstance(value, dict):
        raise _misfit(line, "it must be an object, {...}")
    if not isinstance(value.get(key), kind):
        raise _misfit(line, f"'{key}' must be {_NAMES[kind]}")
    return value[key]


def _is_span(value: Any) -> bool:
    # Not isinstance: JSON's true would be a whole number.
    return isinstance(value, list) and len(value) == 2 and all(type(number) is int for number in value)


def _misfit(line: Line, problem: str) -> BioreError:
    return BioreError(Errors.BR153.format(where=line, problem=problem))
