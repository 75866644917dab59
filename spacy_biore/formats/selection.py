"""Renaming of entity types and relation labels, and the choice of which labels to keep."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

from .document import Document

LABEL_NOT_KEPT = "label not among those to keep"


class Selection:
    """What to rename and to keep; it remembers what it met, so that a name that never occurs can be pointed out.

    Attributes:
        types: New names of entity types.
        renamed: New names of relation labels.
        labels: The labels to keep, after renaming; ``None`` keeps all.
    """

    def __init__(
        self,
        types: Mapping[str, str] | None = None,
        renamed: Mapping[str, str] | None = None,
        labels: Collection[str] | None = None,
    ) -> None:
        self.types = types or {}
        self.renamed = renamed or {}
        self.labels = labels
        self._types_met: set[str] = set()
        self._labels_met: Counter[str] = Counter()

    def __call__(self, document: Document) -> Document:
        """Return the document with its new names, and without the relations that are not kept."""
        self._types_met.update(mention.type for mention in document.mentions)
        self._labels_met.update(relation.label for relation in document.relations)
        mentions = [replace(mention, type=self.types.get(mention.type, mention.type)) for mention in document.mentions]
        relations = [replace(relation, label=self._new_label(relation.label)) for relation in document.relations]
        kept = [relation for relation in relations if self.labels is None or relation.label in self.labels]
        counts = document.counts.copy()
        if len(kept) < len(relations):
            counts.relations.dropped[LABEL_NOT_KEPT] += len(relations) - len(kept)
        return replace(document, mentions=mentions, relations=kept, counts=counts)

    @property
    def unmet(self) -> list[str]:
        """Names to rename or to keep that no document so far has."""
        names = (self.types.keys() - self._types_met) | (self.renamed.keys() - self._labels_met.keys())
        return sorted(names | (set(self.labels or ()) - set(map(self._new_label, self._labels_met))))

    @property
    def labels_met(self) -> list[str]:
        """The relation labels of all documents so far, after renaming."""
        return sorted(set(map(self._new_label, self._labels_met)))

    def _new_label(self, label: str) -> str:
        return self.renamed.get(label, label)
