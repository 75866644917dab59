"""From a Document to a spaCy Doc: tokens, sentences, mentions on token boundaries, relations."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from spacy.pipeline import Sentencizer
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from ..errors import BioreError, Errors
from ..relations import DOC_ID_KEY, GROUP_KEY, relation_record, set_records
from .counts import MENTION_DROPPED, Counts
from .document import Document, Mention, Relation

SPANS_KEY = "entities"

Align = Literal["move", "cut"]
Tokenize = Callable[[str], Doc]

_sentencize = Sentencizer()


class Placed(NamedTuple):
    """Mentions on a Doc.

    Attributes:
        spans: The mentions that the Doc holds, in the order of the document.
        by_id: The Span of each mention id; several ids may share one; ``None`` for a mention that was dropped.
    """

    spans: list[Span]
    by_id: dict[str, Span | None]


class PlacedRelation(NamedTuple):
    """A relation between two Spans."""

    head: Span
    tail: Span
    label: str


def to_doc(document: Document, tokenize: Tokenize, *, align: Align = "move") -> tuple[Doc, Counts]:
    """Make the Doc of a document.

    All mentions become ``doc.spans["entities"]``, where they may overlap, and the longest that do not overlap
    ``doc.ents``. Both carry the entity type as label, the concept as ``kb_id_`` and the mention's id as ``id_``.
    Sentences begin where the document says, or else where spaCy's ``sentencizer`` finds them, but not inside a mention.

    Args:
        document: The document; it is not changed.
        tokenize: Makes a Doc of a text, such as ``nlp.tokenizer``.
        align: Where a mention begins or ends inside a token, ``move`` extends it to the whole token and ``cut`` cuts
            the token in two.

    Returns:
        The Doc, and the document's counts with everything added that happened on the way.

    Raises:
        BioreError: BR109 if a relation names an unknown mention, BR143 if the tokenizer changes the text.
    """
    counts = document.counts.copy()
    doc = tokenize(document.text)
    if doc.text != document.text:
        raise BioreError(Errors.BR143.format(where=document.source or "Document", doc_id=document.id))
    if align == "cut":
        uncut, doc = doc, cut_tokens(doc, _edges(document))
        counts.tokens_cut += len(doc) - len(uncut)
    placed = place_mentions(document, doc, counts)
    if document.sentences is None:
        _sentencize(doc)
    else:
        begin_sentences(doc, document.sentences)
    counts.boundaries_removed += join_sentences(placed.spans)
    doc.spans[SPANS_KEY] = placed.spans
    doc.ents = filter_spans(placed.spans)
    relations = place_relations(document, placed.by_id, counts)
    set_records(doc, (relation_record(head, tail, label) for head, tail, label in relations))
    doc.user_data[DOC_ID_KEY] = document.id
    doc.user_data[GROUP_KEY] = document.group
    counts.documents.written += 1
    counts.sentences += sum(1 for _ in doc.sents)
    counts.across_sentences += sum(head.sent.start != tail.sent.start for head, tail, _ in relations)
    return doc, counts


def cut_tokens(doc: Doc, edges: Iterable[int]) -> Doc:
    """Return a Doc of the same text whose tokens do not reach over these character offsets."""
    ordered = sorted(edges)
    words: list[str] = []
    spaces: list[bool] = []
    for token in doc:
        inside = [edge - token.idx for edge in ordered if token.idx < edge < token.idx + len(token)]
        starts, ends = [0, *inside], [*inside, len(token)]
        words += [token.text[start:end] for start, end in zip(starts, ends, strict=True)]
        spaces += [False] * len(inside) + [bool(token.whitespace_)]
    return Doc(doc.vocab, words=words, spaces=spaces)


def place_mentions(document: Document, doc: Doc, counts: Counts) -> Placed:
    """Put the mentions on token boundaries.

    A mention that has no characters but whitespace is dropped. One that coincides with another of its type only since
    it was moved is dropped, and its relations become the other's. Mentions that coincide in the corpus stay apart.
    """
    placed = Placed([], {})
    taken: dict[tuple[int, int, str], tuple[Mention, Span]] = {}
    for mention in document.mentions:
        span = _span(doc, mention, document.text)
        if span is None:
            counts.mentions.dropped["no characters"] += 1
            placed.by_id[mention.id] = None
            continue
        place = (span.start, span.end, mention.type)
        first, its_span = taken.setdefault(place, (mention, span))
        if _offsets(first) != _offsets(mention):
            counts.mentions.dropped["coincides after moving"] += 1
            placed.by_id[mention.id] = its_span
            continue
        placed.spans.append(span)
        placed.by_id[mention.id] = span
        counts.mentions.written += 1
        counts.mentions.moved += (span.start_char, span.end_char) != _offsets(mention)
    return placed


def begin_sentences(doc: Doc, starts: Iterable[int]) -> None:
    """Begin a sentence at the tokens that these characters lie in, or, where one lies in a space, at the next token."""
    ends = [token.idx + len(token) for token in doc]
    first = {bisect_right(ends, start) for start in starts}
    for token in doc:
        token.is_sent_start = token.i in first or token.i == 0


def join_sentences(spans: Iterable[Span]) -> int:
    """Make sure that no sentence begins inside a Span; return how many did."""
    removed = 0
    for span in spans:
        for token in span[1:]:
            removed += bool(token.is_sent_start)
            token.is_sent_start = False
    return removed


def place_relations(document: Document, by_id: dict[str, Span | None], counts: Counts) -> list[PlacedRelation]:
    """Put the relations on Spans, each once, none between a mention and itself.

    Raises:
        BioreError: BR109 if a relation names an unknown mention.
    """
    placed: dict[tuple[object, ...], PlacedRelation] = {}
    seen: set[Relation] = set()
    for relation in document.relations:
        for name in (relation.head, relation.tail):
            if name not in by_id:
                raise BioreError(Errors.BR109.format(where=document.source or "Document", doc_id=document.id, id=name))
        head, tail = by_id[relation.head], by_id[relation.tail]
        if head is None or tail is None:
            counts.relations.dropped[MENTION_DROPPED] += 1
        elif relation.head == relation.tail:
            counts.relations.dropped["between a mention and itself"] += 1
        elif relation in seen:
            counts.relations.dropped["repeated"] += 1
        elif head is tail:
            counts.relations.dropped["its mentions coincide after moving"] += 1
        elif (key := (*_key(head), *_key(tail), relation.label)) in placed:
            counts.relations.dropped["coincides with another"] += 1
        else:
            placed[key] = PlacedRelation(head, tail, relation.label)
            counts.relations.written += 1
            counts.labels[relation.label] += 1
        seen.add(relation)
    return list(placed.values())


def _span(doc: Doc, mention: Mention, text: str) -> Span | None:
    start, end = _trimmed(mention, text)
    if start == end:
        return None
    return doc.char_span(
        start, end, label=mention.type, kb_id=mention.concept or "", span_id=mention.id, alignment_mode="expand"
    )


def _edges(document: Document) -> set[int]:
    trimmed = [_trimmed(mention, document.text) for mention in document.mentions]
    return {edge for start, end in trimmed if start < end for edge in (start, end)}


def _trimmed(mention: Mention, text: str) -> tuple[int, int]:
    """Return the offsets of a mention without the whitespace at its edges."""
    words = text[mention.start : mention.end]
    start = mention.start + len(words) - len(words.lstrip())
    return start, max(start, mention.start + len(words.rstrip()))


def _offsets(mention: Mention) -> tuple[int, int]:
    return mention.start, mention.end


def _key(span: Span) -> tuple[int, int, int]:
    return span.start, span.end, span.label
