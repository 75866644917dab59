"""Exact-match precision, recall and F of entities, over the types that each document was annotated with."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from spacy.scorer import PRFScore
from spacy.tokens import Span
from spacy.training import Example

from ..candidates import mention_spans
from ..formats.to_docs import SPANS_KEY
from .annotation import all_mentions, annotated_types

SCORE_KEYS = ("ents_p", "ents_r", "ents_f", "ents_per_type")

EntityKey = tuple[int, int, str]


def make_entity_scorer() -> Callable[..., dict[str, Any]]:
    """Return the scorer (registered as ``spacy-biore.EntityScorer.v1``)."""
    return score_entities


def score_entities(examples: Iterable[Example], **_: Any) -> dict[str, Any]:
    """Score predicted against gold entities.

    An entity is right if its first and last character and its type are. Only entities of the types that a document was
    annotated with count; documents where these are not marked count as annotated with every type that one of them has.
    Every distinct mention counts, also one inside another, which ``doc.ents`` can't hold: of the reference what
    ``all_mentions`` returns, of the prediction ``doc.ents`` and the span group ``entities``.

    Args:
        examples: Predicted and reference docs.

    Returns:
        ``ents_p``, ``ents_r``, ``ents_f`` over all types together and ``ents_per_type`` (type to p, r, f); all None if
        no example has gold entities.
    """
    examples = list(examples)
    unmarked = [eg.reference for eg in examples if annotated_types(eg.reference) is None]
    every_type = frozenset(span.label_ for doc in unmarked for span in all_mentions(doc))
    per_type: dict[str, PRFScore] = {}
    for eg in examples:
        known = annotated_types(eg.reference)
        types = every_type if known is None else known
        gold, predicted = (
            _keys(all_mentions(eg.reference), types),
            _keys(mention_spans(eg.predicted, spans_key=SPANS_KEY), types),
        )
        for label in types:
            score = per_type.setdefault(label, PRFScore())
            score.score_set({key for key in predicted if key[2] == label}, {key for key in gold if key[2] == label})
    return _scores(per_type)


def _keys(spans: Iterable[Span], types: Collection[str]) -> set[EntityKey]:
    return {(span.start_char, span.end_char, span.label_) for span in spans if span.label_ in types}


def _scores(per_type: dict[str, PRFScore]) -> dict[str, Any]:
    total = PRFScore()
    for score in per_type.values():
        total += score
    if not total.tp + total.fn:
        return dict.fromkeys(SCORE_KEYS)
    by_name = {label: per_type[label].to_dict() for label in sorted(per_type)}
    return dict(zip(SCORE_KEYS, (total.precision, total.recall, total.fscore, by_name), strict=True))
