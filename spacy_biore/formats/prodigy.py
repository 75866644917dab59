"""Prodigy's annotations of relations (``rel.manual``), as ``db-out`` exports them: a task a line, with its answer."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import BioreError, Errors
from .counts import Counts
from .document import Document, Mention, Relation
from .jsonl import parse_line
from .lines import Line, checked_name, read_lines
from .mentions import check_range
from .sources import Found, Source, find_files

FILE_NAME = re.compile(r"\.jsonl$", re.IGNORECASE)
ACCEPTED = "accept"
# Reason to drop a relation.
OF_A_TOKEN = "of a token that is no span"

# What is read of the objects of each kind, and what of it they must have.
_KEYS: dict[str, dict[str, type]] = {
    "task": {"text": str, "spans": list, "relations": list, "answer": str, "meta": dict},
    "span": {"start": int, "end": int, "label": str},
    "relation": {"head": int, "child": int, "label": str, "head_span": dict, "child_span": dict},
}
_NEEDED = {"task": ["text"], "span": ["start", "end", "label"], "relation": ["head", "child", "label"]}
_NAMES = {str: "a string", int: "a whole number", list: "a list", dict: "an object"}
# Keys of a task's ``meta`` that name its article, the first choice first.
_ARTICLES = ("pmid", "pmcid", "doc_id", "id")


def find_prodigy(root: Path) -> Found:
    """Find the JSONL files at a path, one split each."""
    return find_files(root, FILE_NAME)


def read_prodigy(source: Source) -> Iterator[Document]:
    """Read one file. Tasks with another answer than ``accept`` are refused. Relations go from head to child.

    Raises:
        BioreError: BR100 to BR102 and BR130 for lines, BR131 for what is no task, BR105 and BR118 for spans and labels.
    """
    return (_document(parse_line(line), line) for line in read_lines(source.path))


def _document(value: Any, line: Line) -> Document:
    doc_id = _doc_id(value, line)
    task = _checked(value, "task", line, doc_id)
    spans = [_checked(span, "span", line, doc_id) for span in task.get("spans", [])]
    relations = [_checked(relation, "relation", line, doc_id) for relation in task.get("relations", [])]
    mentions = [_mention(span, number, task["text"], line, doc_id) for number, span in enumerate(spans, start=1)]
    # Relations name a span by its place or, in older exports, by its last token.
    by_name: dict[object, Mention] = {}
    for span, mention in zip(spans, mentions, strict=True):
        by_name[_place(span)] = by_name[span.get("token_end")] = mention
    counts = Counts.of_document(len(spans), len(relations))
    related: list[Relation] = []
    for relation in relations:
        label = checked_name(relation["label"], "label of a relation", where=line, doc_id=doc_id)
        head, tail = (by_name.get(_end(relation, side)) for side in ("head", "child"))
        if head and tail:
            related.append(Relation(head.id, tail.id, label))
        else:
            counts.relations.dropped[OF_A_TOKEN] += 1
    answer = task.get("answer", ACCEPTED)
    meta = task.get("meta", {})
    return Document(
        id=doc_id,
        text=task["text"],
        mentions=mentions,
        relations=related,
        group=next((str(meta[key]) for key in _ARTICLES if meta.get(key)), ""),
        source=str(line),
        counts=counts,
        refused="" if answer == ACCEPTED else f"answer '{answer}'",
    )


def _doc_id(task: Any, line: Line) -> str:
    """Return the id of a task, Prodigy's hash of its text, or its line."""
    held = task if isinstance(task, dict) else {}
    return next((str(held[key]) for key in ("id", "_input_hash") if held.get(key)), f"line {line.number}")


def _mention(span: Mapping[str, Any], number: int, text: str, line: Line, doc_id: str) -> Mention:
    label = checked_name(span["label"], "type of a mention", where=line, doc_id=doc_id)
    mention = Mention(f"T{number}", span["start"], span["end"], label)
    check_range(mention, text, where=str(line), doc_id=doc_id)
    return mention


def _end(relation: Mapping[str, Any], side: str) -> object:
    span = relation.get(f"{side}_span")
    return _place(span) if span else relation[side]


def _place(span: Mapping[str, Any]) -> tuple[Any, ...]:
    return span.get("start"), span.get("end"), span.get("label")


def _checked(value: Any, kind: str, line: Line, doc_id: str) -> dict[str, Any]:
    """Return an object of this kind, without what is null in it."""
    problem = _problem(value, kind)
    if problem:
        raise BioreError(Errors.BR131.format(where=line, doc_id=doc_id, kind=kind, problem=problem))
    return {key: held for key, held in value.items() if held is not None}


def _problem(value: Any, kind: str) -> str | None:
    if not isinstance(value, dict):
        return "it must be an object, {...}"
    held = {key: one for key, one in value.items() if one is not None}
    if missing := [key for key in _NEEDED[kind] if key not in held]:
        return f"it lacks the key '{missing[0]}'"
    # Not isinstance: JSON's true would be a whole number.
    wrong = [key for key, expected in _KEYS[kind].items() if key in held and type(held[key]) is not expected]
    return f"'{wrong[0]}' must be {_NAMES[_KEYS[kind][wrong[0]]]}" if wrong else None
