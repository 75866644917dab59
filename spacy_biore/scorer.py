"""Precision, recall and F of relations, over gold and predicted relations together."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from spacy.scorer import PRFScore
from spacy.tokens import Doc
from spacy.training import Example

from .relations import get_records
from .schema import Schema, SchemaConfig
from .targets import PairKey, relation_key

RelationKey = tuple[PairKey, str]
SCORE_KEYS = ("rel_micro_p", "rel_micro_r", "rel_micro_f", "rel_macro_f", "rel_per_type")


class Macro(NamedTuple):
    """Means over labels."""

    precision: float
    recall: float
    fscore: float


class RelationTally:
    """Counts of right, spurious and missed relations of each label, added up over docs.

    Args:
        labels: Labels to list even if they never occur.
    """

    def __init__(self, labels: Iterable[str] = ()) -> None:
        self.per_type: dict[str, PRFScore] = {label: PRFScore() for label in labels}

    def add(self, gold: set[RelationKey], predicted: set[RelationKey]) -> None:
        """Count the relations of one Doc."""
        for name, keys in (("tp", gold & predicted), ("fp", predicted - gold), ("fn", gold - predicted)):
            for label, count in Counter(label for _, label in keys).items():
                score = self.per_type.setdefault(label, PRFScore())
                setattr(score, name, getattr(score, name) + count)

    @property
    def micro(self) -> PRFScore:
        """The counts of all labels together."""
        total = PRFScore()
        for score in self.per_type.values():
            total += score
        return total

    @property
    def macro(self) -> Macro:
        """The means over the labels that have gold or predicted relations; 0 if none has."""
        counted = [(score.precision, score.recall, score.fscore) for score in self.per_type.values() if len(score)]
        return (
            Macro(*(sum(column) / len(counted) for column in zip(*counted, strict=True))) if counted else Macro(0, 0, 0)
        )

    @property
    def has_gold(self) -> bool:
        """Whether there is anything to find, and so anything to score."""
        return any(score.tp + score.fn for score in self.per_type.values())

    def scores(self) -> dict[str, Any]:
        """Return the scores that ``score_relations`` describes."""
        if not self.has_gold:
            return dict.fromkeys(SCORE_KEYS)
        micro = self.micro
        per_type = {label: score.to_dict() for label, score in self.per_type.items()}
        values = (micro.precision, micro.recall, micro.fscore, self.macro.fscore, per_type)
        return dict(zip(SCORE_KEYS, values, strict=True))


def make_relation_scorer() -> Callable[..., dict[str, Any]]:
    """Return the scorer (registered as ``spacy-biore.RelationScorer.v1``)."""
    return score_relations


def score_relations(
    examples: Iterable[Example],
    *,
    relation_types: SchemaConfig | None = None,
    labels: Collection[str] | None = None,
    **_: Any,
) -> dict[str, Any]:
    """Score predicted against gold relations.

    A relation is right if label, direction (unless symmetric), both mentions' boundaries and their types are. Each
    distinct relation counts once, and every gold relation counts, whether or not its pair was a candidate. Given gold
    entities this is relation classification; after a recogniser it is the end-to-end score.

    Args:
        examples: Predicted and reference docs.
        relation_types: The schema, for its symmetric labels and for labels that never occur.
        labels: Labels to score, such as those of the component; None for all.

    Returns:
        ``rel_micro_p``, ``rel_micro_r``, ``rel_micro_f``, ``rel_macro_f`` (mean F over labels with gold or predicted
        relations) and ``rel_per_type`` (label to p, r, f); all None if no example has gold relations.
    """
    schema = Schema.from_config(relation_types or [])
    tally = RelationTally(schema.labels)
    for eg in examples:
        tally.add(*(relation_keys(doc, schema, labels=labels) for doc in (eg.reference, eg.predicted)))
    return tally.scores()


def relation_keys(doc: Doc, schema: Schema, *, labels: Collection[str] | None = None) -> set[RelationKey]:
    """Return the identities of the relations of a Doc, of these labels only or of all."""
    return {relation_key(record, schema) for record in get_records(doc) if labels is None or record["label"] in labels}
