"""Batches of encoded pairs: of similar length, padded to few fixed lengths, under a budget of word pieces."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .layout import Layout
from .pieces import EncodedPair

# CPU kernels are compiled and cached for each shape, so that few distinct lengths are faster than exact ones.
LENGTH_STEP = 16


class Batch(NamedTuple):
    """Padded inputs as tensors.

    Attributes:
        rows: (batch,) which pair stands in each row.
        ids: (batch, length) word-piece ids.
        mask: (batch, length) true on every piece that is not padding.
        head: (batch, 2) first piece of the head and one past its last.
        tail: (batch, 2) the same for the tail.
        layout: Where pairs share the rows: ``rows``, ``mask``, ``head`` and ``tail`` are those of its views then.
    """

    rows: NDArray[np.int64]
    ids: Tensor
    mask: Tensor
    head: Tensor
    tail: Tensor
    layout: Layout | None = None


def plan_batches(
    lengths: Sequence[int], *, budget: int, limit: int, step: int = LENGTH_STEP, few_shapes: bool = False
) -> list[NDArray[np.int64]]:
    """Group rows of similar length, longest first, so that each group's padded size stays under the budget.

    Args:
        lengths: Number of word pieces of each row.
        budget: Most word pieces a batch, padding included; a single row may exceed it.
        limit: Longest padded length.
        step: Lengths are padded to multiples of it.
        few_shapes: Divide the rows that are too few for a whole batch into powers of two. Torch and oneDNN keep memory
            for each shape that they meet, and any number of rows would be a new shape again and again.
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    groups, start = [], 0
    while start < len(order):
        size = max(1, budget // padded_length(lengths[order[start]], limit=limit, step=step))
        left = len(order) - start
        if few_shapes and left < size:
            size = 1 << (left.bit_length() - 1)
        groups.append(order[start : start + size])
        start += size
    return groups


def padded_length(length: int, *, limit: int, step: int = LENGTH_STEP) -> int:
    """Round a length up to the next step, but not over the limit."""
    return min(-(-length // step) * step, max(limit, length))


def make_batches(
    pairs: Sequence[EncodedPair],
    *,
    pad_id: int,
    budget: int,
    limit: int,
    device: torch.device,
    step: int = LENGTH_STEP,
    few_shapes: bool = False,
) -> Iterator[Batch]:
    """Yield padded batches that together hold every pair once.

    Args:
        pairs: The pairs, in any order.
        pad_id: The word piece that fills rows up.
        budget: As in ``plan_batches``.
        limit: As in ``plan_batches``.
        device: Where the batches shall be.
        step: As in ``plan_batches``.
        few_shapes: As in ``plan_batches``.
    """
    lengths = [len(pair.ids) for pair in pairs]
    for rows in plan_batches(lengths, budget=budget, limit=limit, step=step, few_shapes=few_shapes):
        width = padded_length(lengths[rows[0]], limit=limit, step=step)
        ids = np.full((len(rows), width), pad_id, dtype=np.int64)
        for i, row in enumerate(rows):
            ids[i, : lengths[row]] = pairs[row].ids
        mask = np.arange(width)[None, :] < np.asarray([lengths[row] for row in rows])[:, None]
        head = np.asarray([pairs[row].head for row in rows])
        tail = np.asarray([pairs[row].tail for row in rows])
        inputs = [torch.from_numpy(array).to(device) for array in (ids, mask, head, tail)]
        yield Batch(rows, inputs[0], inputs[1], inputs[2], inputs[3])


def distinct(pairs: Sequence[EncodedPair]) -> tuple[list[EncodedPair], NDArray[np.int64]]:
    """Return each distinct input once, and for every pair the row of its input among them."""
    seen: dict[Any, int] = {}
    rows = np.asarray([seen.setdefault(pair.key, len(seen)) for pair in pairs], dtype=np.int64)
    first = {row: pair for pair, row in zip(reversed(pairs), reversed(rows.tolist()), strict=True)}
    return [first[row] for row in range(len(seen))], rows
