"""Batches of texts that are encoded once for all pairs in them.

A row is ``[CLS] text [SEP]`` and, behind it, a block ``[CLS] head tail`` for every pair. A piece of the text sees the
text, one of a block sees the text and its block; head and tail have the positions of the mentions that they stand for.
What a pair gets is thus the same whatever other pairs are in its row (after Zhong & Chen, NAACL 2021,
doi 10.18653/v1/2021.naacl-main.5, whose blocks have a piece for each end of a mention and no CLS).
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from .batching import LENGTH_STEP, Batch, padded_length, plan_batches
from .layout import PADDING, TEXT, Layout
from .network import RelationNetwork
from .pieces import EncodedPair, PieceTokenizer

BLOCK = 3
# With many more, the attention between blocks, which is computed and masked, would cost more than the text once again.
MAX_BLOCKS = 32


def make_shared_batches(
    pairs: Sequence[EncodedPair],
    *,
    cls_id: int,
    pad_id: int,
    budget: int,
    limit: int,
    device: torch.device,
    step: int = LENGTH_STEP,
    few_shapes: bool = False,
) -> Iterator[Batch]:
    """Yield padded batches that together hold every pair once, each text with all its pairs.

    Other settings are those of ``plan_batches``.
    """
    texts = _group_by_text(pairs)
    limit += BLOCK * MAX_BLOCKS
    lengths = [_text_length(pairs[rows[0]]) + BLOCK * len(rows) for rows in texts]
    for chosen in plan_batches(lengths, budget=budget, limit=limit, step=step, few_shapes=few_shapes):
        width = padded_length(lengths[chosen[0]], limit=limit, step=step)
        yield _make_batch(pairs, [texts[i] for i in chosen], width, cls_id=cls_id, pad_id=pad_id, device=device)


def _group_by_text(pairs: Sequence[EncodedPair]) -> list[list[int]]:
    grouped: dict[bytes, list[int]] = {}
    for row, pair in enumerate(pairs):
        grouped.setdefault(pair.ids[: _text_length(pair) - 1].tobytes(), []).append(row)
    return [rows[at : at + MAX_BLOCKS] for rows in grouped.values() for at in range(0, len(rows), MAX_BLOCKS)]


def _text_length(pair: EncodedPair) -> int:
    """Return the length of CLS, text and SEP: a pair by itself has its two tags besides."""
    return len(pair.ids) - len(pair.anchors)


def _make_batch(
    pairs: Sequence[EncodedPair],
    texts: list[list[int]],
    width: int,
    *,
    cls_id: int,
    pad_id: int,
    device: torch.device,
) -> Batch:
    ids = np.full((len(texts), width), pad_id, dtype=np.int64)
    positions, owners = np.zeros_like(ids), np.full_like(ids, PADDING)
    rows = np.asarray([row for text in texts for row in text])
    longest = max(len(pairs[row].ids) for row in rows)
    views, mask = np.zeros((len(rows), longest), dtype=np.int64), np.zeros((len(rows), longest), dtype=bool)
    number = 0
    for i, text in enumerate(texts):
        first = pairs[text[0]]
        at = _text_length(first)
        ids[i, : at - 1], ids[i, at - 1] = first.ids[: at - 1], first.ids[-1]
        positions[i, :at], owners[i, :at] = np.arange(at), TEXT
        shown = np.arange(1, at - 1) + i * width
        for owner, row in enumerate(text, TEXT + 1):
            ids[i, at : at + BLOCK] = cls_id, *pairs[row].ids[-BLOCK:-1]
            positions[i, at : at + BLOCK] = 0, *pairs[row].anchors
            owners[i, at : at + BLOCK] = owner
            block, end = i * width + np.arange(at, at + BLOCK), i * width + _text_length(first) - 1
            views[number, : len(pairs[row].ids)] = np.concatenate([block[:1], shown, block[1:], [end]])
            mask[number, : len(pairs[row].ids)] = True
            number += 1
            at += BLOCK
    head, tail = (np.asarray([getattr(pairs[row], role) for row in rows]) for role in ("head", "tail"))
    layout = Layout(*(torch.from_numpy(array).to(device) for array in (owners, positions, views)))
    inputs = [torch.from_numpy(array).to(device) for array in (ids, mask, head, tail)]
    return Batch(rows, inputs[0], inputs[1], inputs[2], inputs[3], layout)


def can_share(network: RelationNetwork, tokenizer: PieceTokenizer) -> bool:
    """Say whether an encoder keeps pairs of one text apart: it must obey a mask for each piece, and given positions."""
    cls, sep = tokenizer.cls_id, tokenizer.sep_id
    ids = np.asarray([cls, sep, cls, sep, cls, sep, sep, sep])
    pairs = [EncodedPair(ids, (5, 6), (6, 7), np.zeros_like(ids), anchors) for anchors in ((1, 2), (4, 3))]
    try:
        together, first, second = (_encode(network, tokenizer, some) for some in (pairs, pairs[:1], pairs[1:]))
    except (IndexError, RuntimeError, TypeError, ValueError):
        return False
    alone = torch.cat([first, second])
    return torch.allclose(together, alone, atol=1e-4) and not torch.allclose(first, second, atol=1e-4)


def _encode(network: RelationNetwork, tokenizer: PieceTokenizer, pairs: Sequence[EncodedPair]) -> Tensor:
    (batch,) = make_shared_batches(
        pairs, cls_id=tokenizer.cls_id, pad_id=tokenizer.pad_id, budget=64, limit=64, device=network.device
    )
    with torch.inference_mode():
        return network.encode(batch.ids, batch.mask, batch.layout)[batch.mask].view(len(pairs), -1)
