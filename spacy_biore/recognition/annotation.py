"""Which entity types a document was annotated with, and its mentions of them. Of all other types nothing is known."""

from collections.abc import Collection

from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from ..formats.to_docs import SPANS_KEY
from ..relations import RELATIONS_KEY

TYPES_KEY = "biore_entity_types"


def annotated_types(doc: Doc) -> frozenset[str] | None:
    """Return the entity types that a gold Doc was annotated with; None if they are not marked, which means all."""
    types = doc.user_data.get(TYPES_KEY)
    return None if types is None else frozenset(types)


def is_annotated(doc: Doc, types: Collection[str]) -> bool:
    """Say whether a gold Doc was annotated with all of these types."""
    known = annotated_types(doc)
    return known is None or known.issuperset(types)


def all_mentions(doc: Doc) -> list[Span]:
    """Return the mentions of a gold Doc: those of ``doc.spans["entities"]``, or where it has none, ``doc.ents``.

    Converted corpora have that span group. Mentions in it may overlap, and ``doc.ents`` has the longest of them.
    """
    return list(doc.spans[SPANS_KEY]) if SPANS_KEY in doc.spans else list(doc.ents)


def keep_annotated(doc: Doc, types: Collection[str]) -> None:
    """Mark a gold Doc as annotated with some types, and take everything else that is annotated off it.

    Where it has no mention, there is none of these types.
    """
    mentions = [span for span in all_mentions(doc) if span.label_ in types]
    doc.spans.clear()
    doc.spans[SPANS_KEY] = mentions
    doc.set_ents(filter_spans(mentions))
    doc.user_data.pop(RELATIONS_KEY, None)
    doc.user_data[TYPES_KEY] = sorted(types)


def restricted(doc: Doc, types: Collection[str]) -> Doc:
    """Return what a gold Doc says about entities of some types: a Doc of the same tokens with nothing else.

    Its entities are the longest mentions of these types, so that a mention inside one of another type is there.
    Everything is missing (in the sense of spaCy: unknown) if the Doc was not annotated with all of them.
    """
    new = Doc(doc.vocab, words=[token.text for token in doc], spaces=[bool(token.whitespace_) for token in doc])
    if not is_annotated(doc, types):
        return new
    mentions = filter_spans(span for span in all_mentions(doc) if span.label_ in types)
    inside = {i for span in mentions for i in range(span.start, span.end)}
    unknown = [new[token.i : token.i + 1] for token in doc if not token.ent_iob and token.i not in inside]
    new.set_ents([Span(new, span.start, span.end, label=span.label) for span in mentions], missing=unknown)
    return new
