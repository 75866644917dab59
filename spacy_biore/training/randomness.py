"""The random numbers of a training: those of Python, numpy and torch on the CPU."""

import random
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch

T = TypeVar("T")


class Randomness(NamedTuple):
    """The states of the generators, as lists of numbers that can be saved anywhere."""

    python: list[Any]
    numpy: list[Any]
    torch: list[int]


def get_randomness() -> Randomness:
    """Return the present states."""
    version, keys, gauss = random.getstate()
    name, numbers, *rest = np.random.get_state()
    return Randomness(
        [version, list(keys), gauss], [name, np.asarray(numbers).tolist(), *rest], torch.get_rng_state().tolist()
    )


def set_randomness(states: Randomness) -> None:
    """Set states that ``get_randomness`` returned."""
    version, keys, gauss = states.python
    random.setstate((version, tuple(keys), gauss))
    np.random.set_state(tuple(states.numpy))
    torch.set_rng_state(torch.tensor(states.torch, dtype=torch.uint8))


class Draws(Iterator[T]):
    """An iterator that knows the random numbers of each of its draws, and can draw the first ones again as they were.

    Args:
        items: What to draw from.
        known: The states before the draws that took random numbers, by number of the draw.
    """

    def __init__(self, items: Iterator[T], known: dict[int, Randomness]) -> None:
        self._items, self.known = items, known
        self._number = 0

    def __next__(self) -> T:
        if self._number in self.known:
            set_randomness(self.known[self._number])
            item = next(self._items)
        else:
            before = get_randomness()
            item = next(self._items)
            if get_randomness() != before:
                self.known[self._number] = before
        self._number += 1
        return item
