"""The relations of a Doc: plain records in ``doc.user_data``, and views of them that hold Spans.

Records are plain data so that they survive ``Doc.copy``, ``Doc.to_bytes``, ``DocBin(store_user_data=True)``,
pickling and multiprocessing. The views are built on access.
"""

import contextlib
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypedDict
from zlib import crc32

from spacy.tokens import Doc, Span

from .errors import BioreError, Errors, Warnings

RELATIONS_KEY = "biore_relations"
# Number of characters of the text that the relations belong to.
LENGTH_KEY = "biore_text_length"
DOC_ID_KEY = "biore_doc_id"
GROUP_KEY = "biore_group"

Role = Literal["head", "tail"]


class _Mention(TypedDict):
    start: int
    end: int
    type: str


class MentionRecord(_Mention, total=False):
    """One mention: character offsets in the Doc's text (end exclusive) and entity type.

    ``long_form`` is there only where the mention is an abbreviation that a detector found the long form of. ``text``,
    and ``kb_id`` where the Doc's mention is linked to a concept, are added where records are read; they are not stored.
    """

    long_form: str
    text: str
    kb_id: str


class RelationRecord(TypedDict):
    """One directed relation as plain data; JSON and msgpack can hold it."""

    head: MentionRecord
    tail: MentionRecord
    label: str
    score: float


class Relation(NamedTuple):
    """A directed, typed, scored relation between two mentions of a Doc."""

    head: Span
    tail: Span
    label: str
    score: float = 1.0

    def __repr__(self) -> str:
        return f"Relation({self.head.text!r} -{self.label}-> {self.tail.text!r}, score={self.score:.3f})"


def mention_record(span: Span) -> MentionRecord:
    """Describe a Span by its character offsets, its label and, if it has one, its long form."""
    record: MentionRecord = {"start": span.start_char, "end": span.end_char, "type": span.label_}
    if long_form := get_long_form(span):
        record["long_form"] = long_form
    return record


def relation_record(head: Span, tail: Span, label: str, score: float = 1.0) -> RelationRecord:
    """Make the plain record of a relation between two Spans of one Doc."""
    return {"head": mention_record(head), "tail": mention_record(tail), "label": label, "score": float(score)}


def get_long_form(span: Span) -> str | None:
    """Return the long form of an abbreviation, if a detector set ``Span._.long_form`` on these characters."""
    value = span._.long_form
    return value.text if isinstance(value, Span) else value if isinstance(value, str) else None


def get_records(doc: Doc) -> list[RelationRecord]:
    """Return the relations of a Doc as plain records, which can be changed without changing the Doc.

    Raises:
        BioreError: BR020 if a record lacks a key; BR021 if a mention is not in the text, or BR023 if the record tells
            other words for it; BR022 if they are those of another text.
    """
    stored = _stored(doc)
    text = doc.text if stored else ""
    records = [_checked(record, text) for record in stored]
    known = _known_spans(doc) if records else {}
    for mention in (mention for record in records for mention in (record["head"], record["tail"])):
        mention["text"] = text[mention["start"] : mention["end"]]
        span = known.get((mention["start"], mention["end"], mention["type"]))
        if span is not None and span.kb_id:
            mention["kb_id"] = span.kb_id_
    return records


def set_records(doc: Doc, records: Iterable[RelationRecord]) -> None:
    """Replace the relations of a Doc. Long forms in the records become those of the mentions that have none.

    Raises:
        BioreError: BR020 if a record lacks a key; BR021 if a mention is not in the text; BR023 if the record tells the
            ``text`` of a mention and the Doc's is another.
    """
    text = doc.text
    checked = [_checked(record, text) for record in records]
    doc.user_data[RELATIONS_KEY] = checked
    doc.user_data[LENGTH_KEY] = len(text)
    for record in checked:
        _set_long_form(doc, record["head"])
        _set_long_form(doc, record["tail"])


def get_relations(doc: Doc) -> list[Relation]:
    """Return the relations of a Doc with their mentions as Spans, in the order in which they were set.

    A mention is the entity of the Doc, or the span of one of its groups, that it was made of, with its ids, where the
    Doc still has it. One that begins or ends inside a token, as a nested one does after ``merge_entities``, is the
    whole of that token.

    Raises:
        BioreError: What ``get_records`` raises.
    """
    records = get_records(doc)
    known = _known_spans(doc) if records else {}
    return [
        Relation(_span(doc, record, "head", known), _span(doc, record, "tail", known), record["label"], record["score"])
        for record in records
    ]


def set_relations(doc: Doc, relations: Iterable[Relation]) -> None:
    """Replace the relations of a Doc.

    Raises:
        BioreError: BR020 for what is no relation; BR023 if a mention is one of another text.
    """
    records = []
    for one in relations:
        if not isinstance(one, Relation):
            raise BioreError(Errors.BR020.format(record=one))
        record = relation_record(one.head, one.tail, one.label, one.score)
        record["head"]["text"], record["tail"]["text"] = one.head.text, one.tail.text
        records.append(record)
    set_records(doc, records)


def get_span_relations(span: Span) -> list[Relation]:
    """Return the relations of which this Span is the head or the tail. Types must agree if the Span has a label."""
    return [one for one in get_relations(span.doc) if _is_mention(span, one.head) or _is_mention(span, one.tail)]


def group_spans(doc: Doc, name: str) -> Iterator[Span]:
    """Yield the spans of a group on the tokens that the Doc has now: spaCy's retokenizer leaves groups as they were.

    Empty spans are left out, and those behind the last token, which spaCy can't read any more.
    """
    group = doc.spans[name]
    for number in range(len(group)):
        with contextlib.suppress(IndexError):
            if len(span := group[number]):
                ids = {"label": span.label, "kb_id": span.kb_id, "span_id": span.id}
                if now := doc.char_span(span.start_char, span.end_char, alignment_mode="expand", **ids):
                    yield now


def get_doc_id(doc: Doc) -> str:
    """Return the id of a Doc's document, or the start of its text where it has none."""
    return doc.user_data.get(DOC_ID_KEY) or doc.text[:30]


def get_group(doc: Doc) -> str:
    """Return the article of a Doc, which must stay together when a corpus is divided: as told, or its id.

    Where neither is known, equal texts are one article.
    """
    told = doc.user_data.get(GROUP_KEY) or doc.user_data.get(DOC_ID_KEY)
    return told or f"{doc.text[:30]}:{crc32(doc.text.encode('utf8', 'surrogatepass')):08x}"


def register_extensions() -> None:
    """Add ``Doc._.relations``, ``Doc._.relation_records`` and ``Span._.relations``, unless another package did.

    ``Span._.long_form`` is shared: scispaCy's detector defines it in the same way, and may do so before or after us.
    """
    extensions: list[tuple[type[Doc] | type[Span], str, dict[str, Any]]] = [
        (Doc, "relations", {"getter": get_relations, "setter": set_relations}),
        (Doc, "relation_records", {"getter": get_records, "setter": set_records}),
        (Span, "relations", {"getter": get_span_relations}),
    ]
    for cls, name, functions in extensions:
        if not cls.has_extension(name):
            cls.set_extension(name, **functions)
        elif getattr(cls.get_extension(name)[2], "__module__", None) != __name__:
            warnings.warn(Warnings.BRW03.format(name=name), stacklevel=2)
    if not Span.has_extension("long_form"):
        Span.set_extension("long_form", default=None)


def _stored(doc: Doc) -> Sequence[RelationRecord]:
    records = doc.user_data.get(RELATIONS_KEY, ())
    length = doc.user_data.get(LENGTH_KEY) if records else None
    if length is not None and length != len(doc.text):
        raise BioreError(Errors.BR022.format(length=length, found=len(doc.text)))
    return records


def _known_spans(doc: Doc) -> dict[tuple[int, int, str], Span]:
    """Return the Doc's entities and grouped spans by characters and label; entities, and earlier groups, first."""
    spans = [*doc.ents, *(span for name in doc.spans for span in group_spans(doc, name))]
    return {(span.start_char, span.end_char, span.label_): span for span in reversed(spans)}


def _span(doc: Doc, record: RelationRecord, role: Role, known: Mapping[tuple[int, int, str], Span]) -> Span:
    mention = record[role]
    start, end, label = mention["start"], mention["end"], mention["type"]
    span = known.get((start, end, label))
    if span is None and 0 <= start < end:
        span = doc.char_span(start, end, label=label, alignment_mode="expand")
    if span is None:
        raise BioreError(Errors.BR021.format(start=mention["start"], end=mention["end"], label=record["label"]))
    return span


def _is_mention(span: Span, mention: Span) -> bool:
    same_characters = (span.start_char, span.end_char) == (mention.start_char, mention.end_char)
    return same_characters and span.label in (0, mention.label)


def _set_long_form(doc: Doc, mention: MentionRecord) -> None:
    span = doc.char_span(mention["start"], mention["end"]) if "long_form" in mention else None
    if span is not None and get_long_form(span) is None:
        span._.long_form = mention["long_form"]


def _checked(record: Any, text: str) -> RelationRecord:
    try:
        checked: RelationRecord = {
            "head": _checked_mention(record["head"]),
            "tail": _checked_mention(record["tail"]),
            "label": str(record["label"]),
            "score": float(record["score"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise BioreError(Errors.BR020.format(record=record)) from error
    for told, mention in ((record["head"], checked["head"]), (record["tail"], checked["tail"])):
        place = {"start": mention["start"], "end": mention["end"], "label": checked["label"]}
        found = text[mention["start"] : mention["end"]]
        if told.get("text", found) != found:
            raise BioreError(Errors.BR023.format(told=told["text"], found=found, **place))
        if not 0 <= mention["start"] < mention["end"] <= len(text):
            raise BioreError(Errors.BR021.format(**place))
    return checked


def _checked_mention(mention: Any) -> MentionRecord:
    record: MentionRecord = {"start": int(mention["start"]), "end": int(mention["end"]), "type": str(mention["type"])}
    if mention.get("long_form"):
        record["long_form"] = str(mention["long_form"])
    return record
