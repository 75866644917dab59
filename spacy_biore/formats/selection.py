"""Renaming of entity types and relation labels, and the choice of which types and labels to keep."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

from .counts import MENTION_DROPPED
from .document import Document

LABEL_NOT_KEPT = "label not among those to keep"
TYPE_NOT_KEPT = "type not among those to keep"


class Selection:
    """What to rename and to keep; it remembers what it met, so that a name that never occurs can be pointed out.

    Attributes:
        types: New names of entity types.
        renamed: New names of relation labels.
        labels: The labels to keep, after renaming; ``None`` keeps all.
        kept_types: The entity types to keep, after renaming; ``None`` keeps all.
    """

    def __init__(
        self,
        types: Mapping[str, str] | None = None,
        renamed: Mapping[str, str] | None = None,
        labels: Collection[str] | None = None,
        kept_types: Collection[str] | None = None,
    ) -> None:
        self.types = types or {}
        self.renamed = renamed or {}
        self.labels = labels
        self.kept_types = kept_types
        self._types_met: set[str] = set()
        self._labels_met: Counter[str] = Counter()

    def __call__(self, document: Document) -> Document:
        """Return the document with its new names, and without the mentions and relations that are not kept."""
        self._types_met.update(mention.type for mention in document.mentions)
        self._labels_met.update(relation.label for relation in document.relations)
        counts = document.counts.copy()
        mentions = [replace(mention, type=self._new_type(mention.type)) for mention in document.mentions]
        relations = [replace(relation, label=self._new_label(relation.label)) for relation in document.relations]
        dropped = {m.id for m in mentions if self.kept_types is not None and m.type not in self.kept_types}
        held = [relation for relation in relations if dropped.isdisjoint((relation.head, relation.tail))]
        kept = [relation for relation in held if self.labels is None or relation.label in self.labels]
        for flow, reason, number in (
            (counts.mentions, TYPE_NOT_KEPT, len(dropped)),
            (counts.relations, MENTION_DROPPED, len(relations) - len(held)),
            (counts.relations, LABEL_NOT_KEPT, len(held) - len(kept)),
        ):
            if number:
                flow.dropped[reason] += number
        left = [mention for mention in mentions if mention.id not in dropped]
        return replace(document, mentions=left, relations=kept, counts=counts)

    @property
    def unmet(self) -> list[str]:
        """Names to rename or to keep that no document so far has."""
        names = (self.types.keys() - self._types_met) | (self.renamed.keys() - self._labels_met.keys())
        kept = (set(self.labels or ()) - set(map(self._new_label, self._labels_met))) | (
            set(self.kept_types or ()) - set(map(self._new_type, self._types_met))
        )
        return sorted(names | kept)

    @property
    def labels_met(self) -> list[str]:
        """The relation labels of all documents so far, after renaming."""
        return sorted(set(map(self._new_label, self._labels_met)))

    def _new_label(self, label: str) -> str:
        return self.renamed.get(label, label)

    def _new_type(self, name: str) -> str:
        return self.types.get(name, name)
