"""Training as one would write it in plain torch: what the component's update is measured against."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import Optimizer
from torch import Tensor, nn
from torch.nn import functional as F

from spacy_biore.model.architecture import encode, get_shim
from spacy_biore.model.network import RelationNetwork
from spacy_biore.sampling import take_training_pairs
from spacy_biore.targets import gold_labels

from .pipelines import extractor


class TrainingBatch(NamedTuple):
    """Everything that a step needs, as tensors.

    Attributes:
        inputs: ids, mask, head and tail, as the network takes them.
        target: (pairs, classes) the share of each class in a pair's gold labels.
        forbidden: (pairs, classes) true where the pair's types do not allow the class.
    """

    inputs: tuple[Tensor, ...]
    target: Tensor
    forbidden: Tensor


def tensor_batches(nlp: Language, batches: Sequence[Sequence[Example]]) -> list[list[TrainingBatch]]:
    """Prepare for every batch of examples the padded tensors that the component makes of it.

    The component first cuts a batch that exceeds its budget of word pieces into runs of pairs; here its parts are
    formed from all pairs, which is the better for speed.
    """
    return [list(_tensors(nlp, batch)) for batch in batches]


def train(
    network: RelationNetwork,
    batches: Sequence[Sequence[TrainingBatch]],
    settings: Optimizer,
    *,
    bfloat16: bool,
    kind: str,
) -> list[float]:
    """Train on each batch once: cross-entropy, backward, clipping, AdamW.

    Args:
        network: Is changed.
        batches: Of each step; in parts where a batch is too large to pass at once.
        settings: Learning rate, betas, weight decay and clipping.
        bfloat16: Compute in bfloat16.
        kind: Implementation of AdamW: ``fused`` or ``foreach``.

    Returns:
        The loss of every step, a mean over its pairs.
    """
    network.train()
    parameters = list(network.parameters())
    adam = _adam(parameters, settings, kind)
    losses = []
    for parts in batches:
        n_pairs = sum(len(part.target) for part in parts)
        total = 0.0
        for part in parts:
            with torch.autocast(network.device.type, dtype=torch.bfloat16, enabled=bfloat16):
                logits = network(*part.inputs)
            logits = logits.masked_fill(part.forbidden, torch.finfo(logits.dtype).min)
            loss = F.cross_entropy(logits, part.target, reduction="sum") / n_pairs
            loss.backward()
            total += loss.item()
        nn.utils.clip_grad_norm_(parameters, settings.grad_clip)
        adam.step()
        adam.zero_grad()
        losses.append(total)
    network.eval()
    return losses


def _adam(parameters: Sequence[nn.Parameter], settings: Optimizer, kind: str) -> torch.optim.AdamW:
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": settings.L2},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    betas = (settings.b1, settings.b2)
    return torch.optim.AdamW(groups, lr=settings.learn_rate, betas=betas, eps=settings.eps, **{kind: True})


def _tensors(nlp: Language, examples: Sequence[Example]) -> list[TrainingBatch]:
    pipe = extractor(nlp)
    shim = get_shim(pipe.model)
    docs = [eg.predicted for eg in examples]
    candidates = [take_training_pairs(*pair) for pair in zip(docs, pipe.get_candidates(docs), strict=True)]
    labels = [gold_labels(eg.reference, found, pipe.schema) for eg, found in zip(examples, candidates, strict=True)]
    truth, allowed = np.vstack(labels), np.vstack([found.allowed for found in candidates])
    target = np.concatenate([truth.sum(axis=1, keepdims=True) == 0, truth], axis=1)
    target /= target.sum(axis=1, keepdims=True)
    forbidden = np.concatenate([np.zeros((len(truth), 1), dtype=bool), ~allowed], axis=1)
    encoded = encode(pipe.model, (docs, candidates))
    places = np.asarray([row for row, _ in encoded])
    return [
        TrainingBatch(
            batch[1:],
            *(torch.from_numpy(array[places[batch.rows]]).to(shim.network.device) for array in (target, forbidden)),
        )
        for batch in shim.training_batches([pair for _, pair in encoded])
    ]
