"""Relations between concepts: each becomes one of every mention of the first concept to every mention of the second."""

import re
from collections.abc import Iterable, Sequence

from .counts import MENTION_DROPPED, Counts
from .document import Mention, Relation

# How corpora write that a mention has no concept.
NO_CONCEPT = ("", "-", "-1")

_SEPARATORS = re.compile(r"[|,;+]")


def concept_ids(written: str | None) -> set[str]:
    """Return the concepts of a mention: as they are written, and the parts of several such as ``D1|D2``."""
    return {written, *_SEPARATORS.split(written)} if written else set()


def relate_concepts(
    first: str, second: str, label: str, *, mentions: Sequence[Mention], dropped: Iterable[str | None], counts: Counts
) -> list[Relation]:
    """Relate the mentions of two concepts.

    Args:
        first: Concept of the heads.
        second: Concept of the tails.
        label: Label of the relations.
        mentions: The mentions of the document.
        dropped: Concepts, as they are written, of mentions that were dropped.
        counts: Counts to add what was read, expanded and dropped to.
    """
    heads, tails = (_mentions_of(concept, mentions) for concept in (first, second))
    counts.relations.read += 1
    if heads and tails:
        counts.relations.expanded += len(heads) * len(tails) - 1
        return [Relation(head.id, tail.id, label) for head in heads for tail in tails]
    lost = {concept for concept, found in ((first, heads), (second, tails)) if not found}
    gone = set().union(*map(concept_ids, dropped))
    counts.relations.dropped[MENTION_DROPPED if lost <= gone else "concept without a mention"] += 1
    return []


def _mentions_of(concept: str, mentions: Sequence[Mention]) -> list[Mention]:
    return [mention for mention in mentions if concept in concept_ids(mention.concept)]
