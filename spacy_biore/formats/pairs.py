"""Unordered pairs of mentions."""

from .counts import MENTION_DROPPED, Counts
from .document import Mention, Relation


def relate(first: Mention | None, second: Mention | None, label: str, counts: Counts) -> list[Relation]:
    """Relate the mentions of an unordered pair: the one that comes first in the text is the head.

    Returns:
        The relation; none, counted, if a mention was dropped.
    """
    if first is None or second is None:
        counts.relations.dropped[MENTION_DROPPED] += 1
        return []
    head, tail = sorted((first, second), key=lambda mention: (mention.start, mention.end))
    return [Relation(head.id, tail.id, label)]
