"""Precision, recall and F of relations, over gold and predicted relations together."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from spacy.scorer import PRFScore
from spacy.tokens import Doc
from spacy.training import Example

from .relations import get_records
from .schema import Schema, SchemaConfig
from .targets import PairKey, relation_key


def make_relation_scorer() -> Callable[..., dict[str, Any]]:
    """Return the scorer (registered as ``spacy-biore.RelationScorer.v1``)."""
    return score_relations


def score_relations(
    examples: Iterable[Example], *, relation_types: SchemaConfig | None = None, **_: Any
) -> dict[str, Any]:
    """Score predicted against gold relations.

    A relation is right if label, direction (unless symmetric), both mentions' boundaries and their types are. Each
    distinct relation counts once, and every gold relation counts, whether or not its pair was a candidate. Given gold
    entities this is relation classification; after a recogniser it is the end-to-end score.

    Args:
        examples: Predicted and reference docs.
        relation_types: The schema, for its symmetric labels and for labels that never occur.

    Returns:
        ``rel_micro_p``, ``rel_micro_r``, ``rel_micro_f``, ``rel_macro_f`` (mean F over labels with gold or predicted
        relations) and ``rel_per_type`` (label to p, r, f); all None if no example has gold relations.
    """
    schema = Schema.from_config(relation_types or [])
    per_type: dict[str, PRFScore] = {label: PRFScore() for label in schema.labels}
    has_gold = False
    for eg in examples:
        gold, predicted = relation_keys(eg.reference, schema), relation_keys(eg.predicted, schema)
        has_gold = has_gold or bool(gold)
        for name, keys in (("tp", gold & predicted), ("fp", predicted - gold), ("fn", gold - predicted)):
            for label, count in Counter(label for _, label in keys).items():
                score = per_type.setdefault(label, PRFScore())
                setattr(score, name, getattr(score, name) + count)
    if not has_gold:
        return dict.fromkeys(("rel_micro_p", "rel_micro_r", "rel_micro_f", "rel_macro_f", "rel_per_type"))
    micro = sum_scores(per_type.values())
    counted = [score.fscore for score in per_type.values() if score.tp + score.fp + score.fn]
    return {
        "rel_micro_p": micro.precision,
        "rel_micro_r": micro.recall,
        "rel_micro_f": micro.fscore,
        "rel_macro_f": sum(counted) / len(counted),
        "rel_per_type": {label: score.to_dict() for label, score in per_type.items()},
    }


def relation_keys(doc: Doc, schema: Schema) -> set[tuple[PairKey, str]]:
    """Return the identities of the relations of a Doc."""
    return {relation_key(record, schema) for record in get_records(doc)}


def sum_scores(scores: Iterable[PRFScore]) -> PRFScore:
    """Add up counts of true positives, false positives and false negatives."""
    total = PRFScore()
    for score in scores:
        total.tp, total.fp, total.fn = total.tp + score.tp, total.fp + score.fp, total.fn + score.fn
    return total
