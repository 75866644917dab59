"""Entities of several recognisers on one Doc: each predicts as if it were alone, then the longest mentions stay."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from spacy.tokens import Doc, Span


def merge_entities(earlier: Iterable[Span], later: Iterable[Span]) -> list[Span]:
    """Choose among overlapping mentions: the longest in tokens, and of equally long ones the earlier.

    Args:
        earlier: The entities that a Doc has, which do not overlap each other.
        later: Those that a component found.

    Returns:
        Entities that do not overlap, in the order of the text.
    """
    kept: dict[int, Span] = {}
    # The sort is stable, also in reverse.
    for span in sorted([*earlier, *later], key=len, reverse=True):
        tokens = range(span.start, span.end)
        if kept.keys().isdisjoint(tokens):
            kept.update(dict.fromkeys(tokens, span))
    return [span for token, span in sorted(kept.items()) if token == span.start]


def add_entities(doc: Doc, earlier: Sequence[Span]) -> None:
    """Put earlier entities, which were forgotten, back on a Doc that has others now."""
    later = doc.ents
    doc.set_ents([], outside=list(later), default="unmodified")
    doc.set_ents(merge_entities(earlier, later), default="unmodified")


def forget_entities(doc: Doc) -> tuple[Span, ...]:
    """Take all entities off a Doc, as if it were not known whether there are any; return them.

    Tokens that may not become entities (blocked ones) stay such.
    """
    entities = tuple(doc.ents)
    doc.set_ents([], missing=list(entities), default="unmodified")
    for token in (token for span in entities for token in span):
        token.ent_id = token.ent_kb_id = 0
    return entities


def trim_entities(doc: Doc) -> None:
    """Take whitespace tokens off the edges of a Doc's entities. One that is nothing else is none."""
    trimmed, edges = [], []
    for span in doc.ents:
        words = [token.i for token in span if not token.is_space]
        start, end = (words[0], words[-1] + 1) if words else (span.start, span.start)
        if (start, end) != (span.start, span.end):
            edges += [edge for edge in (doc[span.start : start], doc[end : span.end]) if len(edge)]
            if words:
                trimmed.append(Span(doc, start, end, label=span.label, kb_id=span.kb_id, span_id=span.id))
    if edges:
        doc.set_ents(trimmed, outside=edges, default="unmodified")


def record_mentions(
    doc: Doc, spans_key: str, *, types: Collection[str], earlier: Iterable[Span], found: Iterable[Span]
) -> None:
    """Put all mentions into a span group: those of one type don't overlap (see ``merge_entities``), others may.

    Args:
        doc: The Doc, whose group may hold mentions already.
        spans_key: Name of the group.
        types: The types of the component.
        earlier: Entities from before.
        found: Those that the component found.
    """
    held = [*doc.spans.get(spans_key, ()), *earlier]
    mentions = [span for span in held if span.label_ not in types]
    for label in types:
        own = ([span for span in spans if span.label_ == label] for spans in (held, found))
        mentions += merge_entities(*own)
    distinct = {(span.start, span.end, span.label_): span for span in reversed(mentions)}
    doc.spans[spans_key] = [distinct[place] for place in sorted(distinct)]


@contextmanager
def hidden_entities(docs: Sequence[Doc]) -> Iterator[None]:
    """Hide the entities of docs for a while. spaCy's recogniser would obey them."""
    hidden = [(doc, forget_entities(doc)) for doc in docs]
    try:
        yield
    finally:
        for doc, entities in hidden:
            doc.set_ents(list(entities), default="unmodified")
