"""Batches of texts that are encoded once for all pairs in them.

A row is ``[CLS] text [SEP]`` and, behind it, a block ``[CLS] head tail`` for every pair. A piece of the text sees the
text, one of a block sees the text and its block; head and tail have the positions of the mentions that they stand for.
What a pair gets is thus the same whatever other pairs are in its row (after Zhong & Chen, NAACL 2021,
doi 10.18653/v1/2021.naacl-main.5, whose blocks have a piece for each end of a mention and no CLS).
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from ..errors import BioreError, Errors
from .batching import LENGTH_STEP, Batch, padded_length, plan_batches
from .layout import PADDING, TEXT, Layout
from .network import RelationNetwork
from .pieces import EncodedPair, PieceTokenizer

BLOCK = 3
# Not too many a row: attention between blocks is computed and masked, and every pair is pooled from a copy of the text.
MAX_BLOCKS = 16


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
    """Return the rows of the pairs of each text; a pair that is there twice is in two texts, for dropout of its own."""
    seen: Counter = Counter()
    grouped: dict[tuple[bytes, int], list[int]] = {}
    for row, pair in enumerate(pairs):
        grouped.setdefault((pair.ids[:-BLOCK].tobytes(), seen[pair.key]), []).append(row)
        seen[pair.key] += 1
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
    longest, views, masks = max(len(pairs[text[0]].ids) for text in texts), [], []
    for i, text in enumerate(texts):
        first, length = pairs[text[0]], _text_length(pairs[text[0]])
        blocks = length + np.arange(BLOCK * len(text)).reshape(-1, BLOCK)
        ids[i, :length] = [*first.ids[: length - 1], first.ids[-1]]
        ids[i, blocks] = [[cls_id, *pairs[row].ids[length - 1 : -1]] for row in text]
        positions[i, :length] = np.arange(length)
        positions[i, blocks] = [[0, *pairs[row].anchors] for row in text]
        owners[i, :length] = TEXT
        owners[i, blocks] = TEXT + 1 + np.arange(len(text))[:, None]
        view = np.zeros((len(text), longest), dtype=np.int64)
        view[:, 0], view[:, 1 : length - 1], view[:, length] = blocks[:, 0], np.arange(1, length - 1), blocks[:, 2]
        view[:, length - 1], view[:, length + 1] = blocks[:, 1], length - 1
        views.append(view + i * width)
        masks.append(np.broadcast_to(np.arange(longest) < len(first.ids), view.shape))
    rows = np.concatenate(texts)
    head, tail = (np.asarray([getattr(pairs[row], role) for row in rows]) for role in ("head", "tail"))
    arrays = ids, np.concatenate(masks), head, tail, owners, positions, np.concatenate(views)
    tensors = [torch.from_numpy(array).to(device) for array in arrays]
    return Batch(rows, tensors[0], tensors[1], tensors[2], tensors[3], Layout(*tensors[4:]))


def check_sharing(network: RelationNetwork, tokenizer: PieceTokenizer, *, name: str) -> None:
    """Check that an encoder keeps pairs of one text apart: it must obey a mask for each piece, and given positions.

    Raises:
        BioreError: BR210 if it does not.
    """
    cls, sep = tokenizer.cls_id, tokenizer.sep_id
    ids = np.asarray([cls, sep, cls, sep, cls, sep, sep, sep])
    pairs = [EncodedPair(ids, (5, 6), (6, 7), np.zeros_like(ids), anchors) for anchors in ((1, 2), (4, 3))]
    refusal = BioreError(Errors.BR210.format(name=name, kind=type(network.encoder).__name__))
    try:
        together, first, second = (_encode(network, tokenizer, some) for some in (pairs, pairs[:1], pairs[1:]))
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise refusal from error
    same = torch.allclose(together, torch.cat([first, second]), atol=1e-4)
    if not same or torch.allclose(first, second, atol=1e-4):
        raise refusal


def _encode(network: RelationNetwork, tokenizer: PieceTokenizer, pairs: Sequence[EncodedPair]) -> Tensor:
    (batch,) = make_shared_batches(
        pairs, cls_id=tokenizer.cls_id, pad_id=tokenizer.pad_id, budget=64, limit=64, device=network.device
    )
    with torch.inference_mode():
        return network.encode(batch.ids, batch.mask, batch.layout)[batch.mask].view(len(pairs), -1)
