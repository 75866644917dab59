"""What training minimises, as a function of logits and with its gradient; no model."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import BioreError, Errors
from .targets import sigmoid, softmax, with_null_class


@dataclass(frozen=True)
class Loss:
    """Cross-entropy, and if wanted the agreement of two passes.

    Attributes:
        label_smoothing: Share of each target that is spread evenly over its possible outcomes (Szegedy et al. 2016).
        consistency: Weight of the disagreement between two passes over the same pairs, which dropout makes differ
            (R-Drop: Liang et al. 2021, whose weight is twice this one, as they add up the cross-entropies of the
            passes and here their mean is taken). 0 does without the second pass.

    Raises:
        BioreError: BR209 for a setting out of range.
    """

    label_smoothing: float = 0.0
    consistency: float = 0.0

    def __post_init__(self) -> None:
        for is_right, setting, expected in (
            (0.0 <= self.label_smoothing < 1.0, "label_smoothing", "from 0 to below 1"),
            (0.0 <= self.consistency < math.inf, "consistency", "at least 0"),
        ):
            if not is_right:
                raise BioreError(Errors.BR209.format(setting=setting, value=getattr(self, setting), expected=expected))

    @property
    def passes(self) -> int:
        """How often each pair must pass through the model in training."""
        return 2 if self.consistency else 1

    def __call__(
        self,
        logits: NDArray[np.float32],
        truth: NDArray[np.float32],
        allowed: NDArray[np.bool_],
        *,
        exclusive: bool,
        passes: int = 1,
    ) -> tuple[float, NDArray[np.float32]]:
        """Return the mean loss of some pairs, and its gradient with respect to their logits.

        Args:
            logits: As in ``loss_and_gradient``.
            truth: As in ``loss_and_gradient``.
            allowed: As in ``loss_and_gradient``.
            exclusive: As in ``loss_and_gradient``.
            passes: 2 if the second half of the rows repeats the pairs of the first in another pass.

        Returns:
            The loss, and its gradient (pairs, 1 + labels) or, if labels are not exclusive, (pairs, labels).
        """
        loss, gradient = loss_and_gradient(
            logits, truth, allowed, exclusive=exclusive, label_smoothing=self.label_smoothing
        )
        if passes == 2:
            more, slope = disagreement_and_gradient(logits, allowed, exclusive=exclusive)
            loss, gradient = loss + self.consistency * more, gradient + self.consistency * slope
        rows = max(len(logits), 1)
        return loss / rows, gradient / rows


def loss_and_gradient(
    logits: NDArray[np.float32],
    truth: NDArray[np.float32],
    allowed: NDArray[np.bool_],
    *,
    exclusive: bool,
    label_smoothing: float = 0.0,
) -> tuple[float, NDArray[np.float32]]:
    """Return the cross-entropy summed over pairs, and its gradient with respect to the logits.

    A pair with several gold labels shares its target among them if the labels are exclusive. Smoothing spreads a share
    of the target over the permitted classes, or, if labels are not exclusive, over yes and no for each allowed label.

    Args:
        logits: As in ``probabilities``.
        truth: (pairs, labels)
        allowed: (pairs, labels)
        exclusive: As in ``probabilities``.
        label_smoothing: As in ``Loss``.

    Returns:
        The loss, and its gradient (pairs, 1 + labels) or, if labels are not exclusive, (pairs, labels).
    """
    if not exclusive:
        target = (1.0 - label_smoothing) * truth + label_smoothing / 2
        predicted = sigmoid(logits)
        loss = target * np.logaddexp(0.0, -logits) + (1.0 - target) * np.logaddexp(0.0, logits)
        return float((loss * allowed).sum()), ((predicted - target) * allowed).astype(np.float32)
    permitted = with_null_class(allowed)
    count = truth.sum(axis=1, keepdims=True)
    target = np.concatenate([count == 0, truth / np.maximum(count, 1.0)], axis=1)
    if label_smoothing:
        target = (1.0 - label_smoothing) * target + label_smoothing * permitted / permitted.sum(axis=1, keepdims=True)
    predicted = softmax(logits, permitted)
    loss = -(target * np.log(np.maximum(predicted, 1e-30))).sum()
    return float(loss), (predicted - target).astype(np.float32)


def disagreement_and_gradient(
    logits: NDArray[np.float32], allowed: NDArray[np.bool_], *, exclusive: bool
) -> tuple[float, NDArray[np.float32]]:
    """Return how far two passes disagree, summed over the rows of both, and its gradient.

    A pair's disagreement is half the sum of the two Kullback-Leibler divergences between its predictions p and q. With
    logits x and y the sum is (p - q) (x - y) over classes or labels: what normalises the logits cancels out.

    Args:
        logits: As in ``probabilities``: all pairs in one pass, then all in the other.
        allowed: (2 * pairs, labels)
        exclusive: As in ``probabilities``.
    """
    permitted = with_null_class(allowed) if exclusive else allowed
    predicted = softmax(logits, permitted) if exclusive else sigmoid(logits) * permitted
    p, q = np.split(predicted, 2)
    x, y = np.split(np.where(permitted, logits, 0.0), 2)
    slopes = []
    for own in (p, q):
        mean = (own * (x - y)).sum(axis=1, keepdims=True) if exclusive else own * (x - y)
        slopes.append(own * (x - y - mean))
    gradient = np.concatenate([p - q + slopes[0], q - p - slopes[1]])
    return float(((p - q) * (x - y)).sum()), gradient.astype(np.float32)
