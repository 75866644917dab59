"""Which pieces are masked: fresh in every pass, whole words or single pieces."""

import zlib
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

Masking = Literal["whole-word", "piece"]
IGNORED = -100

# Of the pieces to predict, this share is shown as the mask, and this as a random piece; the rest as it is (BERT).
SHOWN_AS_MASK = 0.8
SHOWN_AS_RANDOM = 0.1


class MaskingCollator:
    """Makes a batch of blocks and chooses what is to be predicted in it.

    What is chosen follows from the seed, the pass and the batch: fresh in every pass; always the same for held-out
    text, which is never shuffled and has no passes; and the same in a run that was interrupted.

    Args:
        masking: ``whole-word`` chooses words with all of their pieces, ``piece`` single pieces.
        share: Share of the words or pieces that is chosen.
        mask_id: The piece that stands for what is masked.
        pad_id: The piece that fills up shorter sequences.
        vocabulary: Number of pieces to draw random ones from.
        seed: Number that the choices follow from.
    """

    def __init__(
        self, masking: Masking, *, share: float, mask_id: int, pad_id: int, vocabulary: int, seed: int
    ) -> None:
        self.masking = masking
        self.share = share
        self.mask_id = mask_id
        self.pad_id = pad_id
        self.vocabulary = vocabulary
        self.seed = seed

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        """Return ``input_ids``, ``attention_mask`` and ``labels``, all (items, length)."""
        ids = _pad([item["ids"] for item in items], self.pad_id)
        words = _pad([item["words"] for item in items], -1)
        random = torch.Generator().manual_seed(zlib.crc32(ids.numpy().tobytes(), self.seed + items[0]["pass"]))
        chosen = self._choose(words, random)
        labels = torch.where(chosen, ids, IGNORED)
        fate = torch.rand(ids.shape, generator=random)
        noise = torch.randint(self.vocabulary, ids.shape, generator=random)
        shown = torch.where(chosen & (fate < SHOWN_AS_MASK), self.mask_id, ids)
        is_noise = chosen & (fate >= SHOWN_AS_MASK) & (fate < SHOWN_AS_MASK + SHOWN_AS_RANDOM)
        lengths = torch.tensor([len(item["ids"]) for item in items])
        return {
            "input_ids": torch.where(is_noise, noise, shown),
            "attention_mask": (torch.arange(ids.shape[1]) < lengths[:, None]).long(),
            "labels": labels,
        }

    def _choose(self, words: Tensor, random: torch.Generator) -> Tensor:
        maskable = words >= 0
        drawn = torch.rand(words.shape, generator=random)
        if self.masking == "whole-word":
            # All pieces of a word look at the number drawn for the word.
            drawn = drawn.gather(1, words.clamp(min=0))
        chosen = maskable & (drawn < self.share)
        if not chosen.any() and maskable.any():
            # A batch of few words still has something to predict.
            row, column = maskable.nonzero()[0]
            chosen[row] = maskable[row] & (words[row] == words[row, column])
        return chosen


def _pad(rows: Sequence[Any], value: int) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(
        [torch.as_tensor(row) for row in rows], batch_first=True, padding_value=value
    )
