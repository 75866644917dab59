"""The batcher of ``spacy train``: batches by number of candidate pairs."""

import random
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Literal, NamedTuple

from spacy.training import Example

from .errors import BioreError, Errors
from .sampling import TRAINING_PAIRS_KEY, TrainingPair, draw_pairs, note_training_pairs, noted_training_pairs

PairBatcher = Callable[[Iterable[Example]], Iterator[list[Example]]]

# Batches that are sorted by length together: more means less padding, fewer means more random batches.
BATCHES_SORTED = 50

Division = Callable[[list[TrainingPair]], list[list[TrainingPair]]]


def _by_sentence(pairs: list[TrainingPair]) -> list[list[TrainingPair]]:
    grouped: dict[tuple[int, int], list[TrainingPair]] = {}
    for pair in pairs:
        grouped.setdefault(pair.sentences, []).append(pair)
    return list(grouped.values())


# What of a document's pairs stays together.
Shuffle = Literal["instance", "sentence", "document"]
DIVISIONS: dict[str, Division] = {
    "instance": lambda pairs: [[pair] for pair in pairs],
    "sentence": _by_sentence,
    "document": lambda pairs: [pairs],
}


class Unit(NamedTuple):
    """What a batch is made of: an example, or some of its pairs."""

    example: Example
    pairs: list[TrainingPair] | None

    @property
    def n_pairs(self) -> int:
        """Number of pairs; 1 where it is not known."""
        return 1 if self.pairs is None else len(self.pairs)

    @property
    def length(self) -> int:
        """Tokens of the longest text shown to the encoder."""
        if self.pairs is None:
            return len(self.example.reference)
        return max((pair.n_tokens for pair in self.pairs), default=0)


def make_pair_batcher(size: int = 16, shuffle: Shuffle = "instance", buffer: int = 20_000) -> PairBatcher:
    """Make a batcher that counts candidate pairs (registered as ``spacy-biore.PairBatcher.v1``).

    Units of similar length are put together, so that little is padded; the batches come in random order.

    Args:
        size: Pairs a batch.
        shuffle: ``instance`` spreads the pairs of a document over batches. ``sentence`` keeps those of a sentence in
            one batch, which may thus be larger, and ``document`` those of a document. A document without pairs, in
            which there is nothing to learn, is left out by the first two.
        buffer: Units that are shuffled together.

    Raises:
        BioreError: BR032 for a setting out of range; BR033, while batching, if there is no pair to learn from.
    """
    if shuffle not in DIVISIONS:
        raise BioreError(Errors.BR032.format(setting="shuffle", value=shuffle, expected=" or ".join(DIVISIONS)))
    if size < 1 or buffer < 1:
        raise BioreError(Errors.BR032.format(setting="size or buffer", value=min(size, buffer), expected="at least 1"))

    def batches(examples: Iterable[Example]) -> Iterator[list[Example]]:
        units = _units(examples, DIVISIONS[shuffle])
        has_pairs = False
        while pool := list(islice(units, buffer)):
            has_pairs = has_pairs or any(unit.pairs is None or unit.pairs for unit in pool)
            random.shuffle(pool)
            for start in range(0, len(pool), size * BATCHES_SORTED):
                yield from _batches_by_length(pool[start : start + size * BATCHES_SORTED], size)
        if not has_pairs:
            # spaCy would ask for epoch after epoch of nothing, for ever.
            raise BioreError(Errors.BR033)

    return batches


def _units(examples: Iterable[Example], divide: Division) -> Iterator[Unit]:
    for example in examples:
        pairs = noted_training_pairs(example.predicted)
        if pairs is None:
            yield Unit(example, None)
        else:
            yield from (Unit(example, part) for part in divide(draw_pairs(pairs)))


def _batches_by_length(units: list[Unit], size: int) -> Iterator[list[Example]]:
    batches: list[list[Unit]] = []
    n_pairs = size
    for unit in sorted(units, key=lambda unit: unit.length):
        if n_pairs >= size:
            batches.append([])
            n_pairs = 0
        batches[-1].append(unit)
        n_pairs += max(unit.n_pairs, 1)
    random.shuffle(batches)
    return (_merge(batch) for batch in batches)


def _merge(units: list[Unit]) -> list[Example]:
    """Make one example of all units that come from one example."""
    grouped: dict[int, list[Unit]] = {}
    for unit in units:
        grouped.setdefault(id(unit.example), []).append(unit)
    return [_join(group) for group in grouped.values()]


def _join(units: list[Unit]) -> Example:
    example = units[0].example
    if units[0].pairs is None:
        return example
    # All pairs of the document are noted on it: to copy them for a few of them would take long.
    noted = example.predicted.user_data.pop(TRAINING_PAIRS_KEY)
    try:
        predicted = example.predicted.copy()
    finally:
        example.predicted.user_data[TRAINING_PAIRS_KEY] = noted
    note_training_pairs(predicted, [pair for unit in units for pair in unit.pairs or ()])
    return Example(predicted, example.reference)
