"""Cutting and joining Docs with what they hold of relations and abbreviations, which spaCy's own functions drop."""

import warnings
from collections.abc import Iterable
from typing import Any

from spacy.tokens import Doc, Span

from .abbreviations import abbreviations_within, get_abbreviations, move_abbreviations, set_abbreviations
from .relations import RelationRecord, get_long_form, get_records, set_records


def as_doc(span: Span) -> Doc:
    """Like ``Span.as_doc``, keeping what lies inside the Span: relations, abbreviations, long forms of mentions."""
    doc = span.as_doc()
    inside = [
        record
        for record in get_records(span.doc)
        if all(span.start_char <= m["start"] and m["end"] <= span.end_char for m in (record["head"], record["tail"]))
    ]
    set_records(doc, [_shift(record, -span.start_char) for record in inside])
    _copy_long_forms(span, doc)
    set_abbreviations(doc, move_abbreviations(abbreviations_within(span.doc, span.start, span.end), -span.start))
    return doc


def from_docs(docs: Iterable[Doc], **kwargs: Any) -> Doc | None:
    """Like ``Doc.from_docs``, keeping relations and abbreviations. Takes the same keyword arguments."""
    docs = list(docs)
    separated = kwargs.get("ensure_whitespace", True)
    with warnings.catch_warnings():
        # spaCy warns of user data that it leaves out; ours is carried over here.
        warnings.filterwarnings("ignore", message=r"\[W102\].*'biore_|\[W101\].*'abbreviations'")
        merged = Doc.from_docs(docs, **kwargs)
    if merged is None or "user_data" in kwargs.get("exclude", ()):
        return merged
    records: list[RelationRecord] = []
    abbreviations: list[dict[str, Any]] = []
    offset = n_tokens = 0
    for doc in docs:
        records.extend(_shift(record, offset) for record in get_records(doc))
        abbreviations += move_abbreviations(get_abbreviations(doc), n_tokens)
        n_tokens += len(doc)
        offset += len(doc.text)
        if len(doc) and separated and not doc[-1].is_space and not doc[-1].whitespace_:
            offset += 1
    set_records(merged, records)
    set_abbreviations(merged, abbreviations)
    return merged


def _copy_long_forms(span: Span, doc: Doc) -> None:
    """Give the places of a Doc, which was cut out as this Span, the long forms that they had."""
    for key in span.doc.user_data:
        if isinstance(key, tuple) and key[:2] == ("._.", "long_form") and None not in key:
            start, end = key[2:4]
            if span.start_char <= start and end <= span.end_char and (place := span.doc.char_span(start, end)):
                doc[place.start - span.start : place.end - span.start]._.long_form = get_long_form(place)


def _shift(record: RelationRecord, by: int) -> RelationRecord:
    """Move the mentions of a record, which is a copy already, by so many characters."""
    for mention in (record["head"], record["tail"]):
        mention["start"] += by
        mention["end"] += by
    return record
