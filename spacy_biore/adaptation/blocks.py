"""Stretches of stored text that fit into the encoder."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .store import SPECIAL, STARTS_SENTENCE, STARTS_WORD, STRETCH, PieceStore


def packed_blocks(store: PieceStore, size: int) -> NDArray[np.int64]:
    """Cut the text every ``size`` pieces, across documents. Returns (blocks, 2): first piece, one past the last."""
    starts = np.arange(0, len(store.pieces), size)
    return np.stack([starts, np.minimum(starts + size, len(store.pieces))], axis=1)


def sentence_blocks(store: PieceStore, size: int) -> NDArray[np.int64]:
    """Put as many whole sentences of one document into a block as fit. Returns what ``packed_blocks`` returns.

    A sentence of more than ``size`` pieces is cut.
    """
    return np.fromiter(_sentence_blocks(store.flags, size), dtype=np.dtype((np.int64, 2)))


def _sentence_blocks(flags: NDArray[np.uint8], size: int) -> Iterator[tuple[int, int]]:
    start = end = 0
    for cut, ends_document in _cuts(flags):
        while cut - start > size:
            # What was gathered so far is a block; a sentence that is too long alone is cut.
            stop = end if end > start else start + size
            yield start, stop
            start = end = stop
        end = cut
        if ends_document:
            if end > start:
                yield start, end
            start = end = cut + 1
    if end > start:
        yield start, end


def _cuts(flags: NDArray[np.uint8]) -> Iterator[tuple[int, bool]]:
    """Yield the places where a block may end, and whether it must; the end of the text is the last."""
    for first in range(0, len(flags), STRETCH):
        stretch = np.asarray(flags[first : first + STRETCH])
        places = np.flatnonzero(stretch & (STARTS_SENTENCE | SPECIAL))
        yield from zip((places + first).tolist(), ((stretch[places] & SPECIAL) > 0).tolist(), strict=True)
    yield len(flags), False


class BlockDataset(torch.utils.data.Dataset):
    """Blocks of a store as items: word-piece ids, with the pieces that frame a sequence, and word numbers.

    Args:
        store: The text.
        blocks: (blocks, 2) first piece of each, and one past its last.
        cls_id: The piece that begins a sequence.
        sep_id: The piece that ends it.
    """

    def __init__(self, store: PieceStore, blocks: NDArray[np.int64], *, cls_id: int, sep_id: int) -> None:
        self.store = store
        self.blocks = blocks
        self.frame = cls_id, sep_id
        self.number_of_pass = 0

    def __len__(self) -> int:
        return len(self.blocks)

    def keep(self, number: int) -> None:
        """Keep at most so many blocks, evenly spread."""
        if len(self.blocks) > number:
            self.blocks = self.blocks[np.linspace(0, len(self.blocks) - 1, max(1, number)).astype(np.int64)]

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return a block.

        Returns:
            ``ids`` (length,); ``words`` (length,): the number of each piece's word, -1: never masked; ``pass``: the
            number of times that the text was read before.
        """
        start, end = self.blocks[index]
        flags = np.asarray(self.store.flags[start:end])
        words = np.cumsum((flags & STARTS_WORD) > 0, dtype=np.int64)
        words[(flags & SPECIAL) > 0] = -1
        cls_id, sep_id = self.frame
        return {
            "ids": np.concatenate([[cls_id], self.store.pieces[start:end], [sep_id]]).astype(np.int64),
            "words": np.concatenate([[-1], words, [-1]]),
            "pass": self.number_of_pass,
        }
