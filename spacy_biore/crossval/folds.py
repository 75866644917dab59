"""Folds of a corpus: what each learns from, is watched on while it learns, and is tested on."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from spacy.tokens import Doc

from ..errors import BioreError, Errors
from ..formats.splits import assign_groups
from ..relations import RelationRecord, get_group, get_records


class Parts(NamedTuple):
    """The docs of a fold."""

    train: list[Doc]
    dev: list[Doc]
    test: list[Doc]


@dataclass(frozen=True)
class Fold:
    """A fold, whose docs are read when they are needed.

    Attributes:
        name: Its name, which can be that of a file.
        read: Returns its docs.
    """

    name: str
    read: Callable[[], Parts]


def divide(docs: Sequence[Doc], number: int, *, by_article: bool, seed: int) -> list[Fold]:
    """Divide docs at random into folds that hold equal numbers of articles, or of docs, as far as possible.

    Args:
        docs: All docs. Their order does not matter where articles are divided.
        number: Number of folds.
        by_article: Keep the docs of one article together.
        seed: Seed of the division.

    Raises:
        BioreError: BR500 if scikit-learn is not installed; BR502 if there are too few articles or docs.
    """
    try:
        from sklearn.model_selection import KFold
    except ImportError as error:
        raise BioreError(Errors.BR500) from error
    rows_of: dict[str, list[int]] = {}
    for row, doc in enumerate(docs):
        rows_of.setdefault(get_group(doc) if by_article else f"{row:09}", []).append(row)
    units = [rows_of[name] for name in sorted(rows_of)]
    if len(units) < number:
        kind = "articles" if by_article else "instances"
        raise BioreError(Errors.BR502.format(number=number, units=len(units), kind=kind))
    division = KFold(number, shuffle=True, random_state=seed).split(units)
    tests = [{row for unit in test for row in units[unit]} for _, test in division]
    digits = len(str(number))
    return [_fold(f"{i + 1:0{digits}}", docs, test) for i, test in enumerate(tests)]


def keep_dev(parts: Parts, share: float, *, seed: int) -> Parts:
    """Take a share of the articles that are learned from for watching, where a fold has no docs for that yet.

    Articles with labels, or types of their mentions, that none of the others has are learned from.

    Raises:
        BioreError: BR505 if that leaves nothing to watch on, or nothing to learn from.
    """
    if parts.dev or not share:
        return parts
    sizes = Counter(map(get_group, parts.train))
    assigned = assign_groups(sizes, {"train": 1 - share, "dev": share}, seed=seed)
    kinds: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for doc in parts.train:
        kinds[get_group(doc)] |= {kind for record in get_records(doc) for kind in _kinds(record)}
    known = set().union(*(kinds[group] for group, name in assigned.items() if name == "train"))
    for group in [group for group, name in assigned.items() if name == "dev" and kinds[group] - known]:
        assigned[group] = "train"
        known |= kinds[group]
    train, dev = ([doc for doc in parts.train if assigned[get_group(doc)] == name] for name in ("train", "dev"))
    if not train or not dev:
        raise BioreError(Errors.BR505.format(share=share, articles=len(sizes)))
    return parts._replace(train=train, dev=dev)


def _kinds(record: RelationRecord) -> list[tuple[str, str, str]]:
    """Return what a schema that is read off the data learns of a relation: the types of its label's two roles."""
    return [(record["label"], "head", record["head"]["type"]), (record["label"], "tail", record["tail"]["type"])]


def _fold(name: str, docs: Sequence[Doc], test: set[int]) -> Fold:
    def read() -> Parts:
        train = [doc for row, doc in enumerate(docs) if row not in test]
        return Parts(train, [], [doc for row, doc in enumerate(docs) if row in test])

    return Fold(name, read)
