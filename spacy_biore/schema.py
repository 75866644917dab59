"""The relation schema: which labels there are, and between which entity types each may hold."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import BioreError, Errors

SchemaConfig = list[dict[str, Any]]


@dataclass(frozen=True)
class RelationType:
    """One kind of relation.

    Attributes:
        label: Its name.
        head: Entity types that its head may have.
        tail: Entity types that its tail may have.
        symmetric: Whether head and tail may be exchanged without changing the meaning.
    """

    label: str
    head: tuple[str, ...]
    tail: tuple[str, ...]
    symmetric: bool = False

    def allows(self, head: str, tail: str) -> bool:
        """Say whether the relation may hold from a mention of one type to a mention of another."""
        return head in self.head and tail in self.tail

    def to_config(self) -> dict[str, Any]:
        """Return the entry as JSON data, as a config holds it."""
        return {
            "label": self.label,
            "head": list(self.head),
            "tail": list(self.tail),
            "symmetric": self.symmetric,
        }


class Schema:
    """An ordered set of relation types. The order of the labels is the order of a model's outputs."""

    def __init__(self, types: Iterable[RelationType] = ()) -> None:
        self.types = tuple(types)
        self.labels = tuple(relation_type.label for relation_type in self.types)
        self.entity_types = tuple(sorted({name for t in self.types for name in (*t.head, *t.tail)}))
        self._entity_index = {name: i for i, name in enumerate(self.entity_types)}
        self._by_label = {relation_type.label: relation_type for relation_type in self.types}
        if twice := [label for label, number in Counter(self.labels).items() if number > 1]:
            raise BioreError(Errors.BR001.format(problem=f"the label '{twice[0]}' stands in it twice"))

    def __len__(self) -> int:
        return len(self.types)

    def __contains__(self, label: str) -> bool:
        return label in self._by_label

    def __getitem__(self, label: str) -> RelationType:
        return self._by_label[label]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.types == other.types

    def __hash__(self) -> int:
        return hash(self.types)

    @classmethod
    def from_config(cls, entries: Iterable[dict[str, Any]]) -> "Schema":
        """Build a schema from JSON data.

        Args:
            entries: One dict a label, with ``label``, ``head``, ``tail`` (an entity type or a list of them) and
                optionally ``symmetric``.

        Raises:
            BioreError: BR001 if an entry is not of that form.
        """
        return cls(_relation_type(entry) for entry in entries)

    @classmethod
    def from_triples(cls, triples: Iterable[tuple[str, str, str]]) -> "Schema":
        """Infer a schema of directed relations from observed (label, head type, tail type), sorted by name."""
        heads: dict[str, set[str]] = {}
        tails: dict[str, set[str]] = {}
        for label, head, tail in triples:
            heads.setdefault(label, set()).add(head)
            tails.setdefault(label, set()).add(tail)
        return cls(
            RelationType(label, tuple(sorted(heads[label])), tuple(sorted(tails[label]))) for label in sorted(heads)
        )

    def to_config(self) -> SchemaConfig:
        """Return the schema as JSON data; ``Schema.from_config`` reads it back."""
        return [relation_type.to_config() for relation_type in self.types]

    def allows(self, label: str, head: str, tail: str) -> bool:
        """Say whether a label may hold between two entity types, in either order where it is symmetric."""
        relation_type = self._by_label.get(label)
        if relation_type is None:
            return False
        return relation_type.allows(head, tail) or (relation_type.symmetric and relation_type.allows(tail, head))

    def pair_types(self) -> list[tuple[str, str]]:
        """Return every (head type, tail type) that some label allows, sorted."""
        return sorted({(head, tail) for t in self.types for head in t.head for tail in t.tail})

    def type_ids(self, names: Iterable[str]) -> NDArray[np.int64]:
        """Number entity types by their place in ``entity_types``; -1 for a type that no relation takes."""
        return np.asarray([self._entity_index.get(name, -1) for name in names], dtype=np.int64)

    @cached_property
    def label_table(self) -> NDArray[np.bool_]:
        """A boolean table (head types, tail types, labels): what may hold between which types."""
        return self._table(lambda relation_type, head, tail: relation_type.allows(head, tail))

    @cached_property
    def ordered_table(self) -> NDArray[np.bool_]:
        """A table like ``label_table``: the labels of a pair that must be read in text order only.

        These are the symmetric labels that allow the pair's types both ways; of its two orders only one is a candidate.
        """
        return self._table(lambda t, head, tail: t.symmetric and t.allows(head, tail) and t.allows(tail, head))

    def _table(self, rule: Any) -> NDArray[np.bool_]:
        names = self.entity_types
        table = np.zeros((len(names), len(names), len(self.types)), dtype=bool)
        for i, head in enumerate(names):
            for j, tail in enumerate(names):
                table[i, j] = [rule(relation_type, head, tail) for relation_type in self.types]
        return table


def _relation_type(entry: Any) -> RelationType:
    if not isinstance(entry, dict):
        raise BioreError(Errors.BR001.format(problem=f"{entry!r} is not an object"))
    unknown = set(entry) - {"label", "head", "tail", "symmetric"}
    missing = {"label", "head", "tail"} - set(entry)
    if unknown or missing:
        what = f"unknown key '{min(unknown, key=str)}'" if unknown else f"no '{min(missing)}'"
        raise BioreError(Errors.BR001.format(problem=f"{what} in {entry!r}"))
    head, tail, symmetric = _names(entry["head"]), _names(entry["tail"]), entry.get("symmetric", False)
    is_label = bool(entry["label"]) and isinstance(entry["label"], str)
    if not (is_label and head and tail and isinstance(symmetric, bool)):
        raise BioreError(Errors.BR001.format(problem=f"an empty or wrong value in {entry!r}"))
    return RelationType(entry["label"], head, tail, symmetric)


def _names(value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) and name for name in names):
        return ()
    return tuple(names)
