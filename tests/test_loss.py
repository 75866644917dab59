"""The loss: cross-entropy, smoothed targets, the disagreement of two passes, and their gradients."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from spacy_biore.errors import BioreError
from spacy_biore.loss import Loss, disagreement_and_gradient, loss_and_gradient
from spacy_biore.targets import probabilities

ALLOWED = np.array([[1, 1, 1], [1, 0, 1], [0, 0, 1], [1, 1, 1]], dtype=bool)
TRUTH = np.array([[0, 1, 0], [0, 0, 0], [0, 0, 1], [1, 0, 1]], dtype=np.float32)
TWICE = np.concatenate([ALLOWED, ALLOWED])
either = pytest.mark.parametrize("exclusive", [True, False])


def make_logits(rows: int = 4, *, exclusive: bool) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(rows, 4 if exclusive else 3), scale=2).astype(np.float32)


def predict(logits: np.ndarray, allowed: np.ndarray, *, exclusive: bool) -> list[list[np.ndarray]]:
    """Return of each row its distributions: one over the classes, or one over no and yes for each allowed label."""
    scores = probabilities(logits, allowed, exclusive=exclusive).astype(float)
    if exclusive:
        return [[np.array([1 - p.sum(), *p])] for p in scores]
    return [[np.array([1 - q, q]) for q in p[a]] for p, a in zip(scores, allowed, strict=True)]


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    return sum(a * np.log(a / b) for a, b in zip(p, q, strict=True) if a > 1e-7)


def check_gradient(
    compute: Callable[[NDArray], tuple[float, NDArray]], logits: np.ndarray, forbidden: np.ndarray
) -> None:
    """Compare a gradient with finite differences; it must be exactly 0 where it is forbidden."""
    _, gradient = compute(logits)
    for index in np.ndindex(*logits.shape):
        step = np.zeros_like(logits)
        step[index] = 1e-5
        slope = (compute(logits + step)[0] - compute(logits - step)[0]) / 2e-5
        assert gradient[index] == pytest.approx(slope, abs=1e-4)
    assert np.abs(gradient).max() > 0.1 and (gradient[:, -3:][forbidden] == 0).all()


@either
def test_loss_is_the_cross_entropy(exclusive: bool):
    logits = make_logits(exclusive=exclusive)
    scores = probabilities(logits, ALLOWED, exclusive=exclusive).astype(float)
    expected = 0.0
    for p, y, allowed in zip(scores, TRUTH, ALLOWED, strict=True):
        if exclusive:
            expected -= np.log(1 - p.sum()) if not y.any() else (y * np.log(np.where(y, p, 1))).sum() / y.sum()
        else:
            expected -= sum(np.log(q if t else 1 - q) for q, t, a in zip(p, y, allowed, strict=True) if a)
    loss, _ = loss_and_gradient(logits, TRUTH, ALLOWED, exclusive=exclusive)
    assert loss == pytest.approx(expected, rel=1e-5)


@either
@pytest.mark.parametrize("label_smoothing", [0.0, 0.3])
def test_gradient_agrees_with_finite_differences(exclusive: bool, label_smoothing: float):
    settings = {"exclusive": exclusive, "label_smoothing": label_smoothing}
    logits = make_logits(exclusive=exclusive).astype(np.float64)
    check_gradient(lambda x: loss_and_gradient(x, TRUTH, ALLOWED, **settings), logits, ~ALLOWED)


# Of each row the smoothed targets of its distributions, with a share of 0.3: the allowed classes take equal parts.
SMOOTH_CLASSES = [
    [0.075, 0.075, 0.775, 0.075],
    [0.8, 0.1, 0.0, 0.1],
    [0.15, 0.0, 0.0, 0.85],
    [0.075, 0.425, 0.075, 0.425],
]
SMOOTH_LABELS = [[0.15, 0.85, 0.15], [0.15, 0.15], [0.85], [0.85, 0.15, 0.85]]


@either
def test_smoothing_spreads_targets_over_what_is_allowed(exclusive: bool):
    logits = make_logits(exclusive=exclusive)
    expected = 0.0
    for row, found in enumerate(predict(logits, ALLOWED, exclusive=exclusive)):
        targets = [SMOOTH_CLASSES[row]] if exclusive else [[1 - t, t] for t in SMOOTH_LABELS[row]]
        for p, target in zip(found, targets, strict=True):
            expected -= sum(t * np.log(q) for q, t in zip(p, target, strict=True) if t)
    loss, _ = loss_and_gradient(logits, TRUTH, ALLOWED, exclusive=exclusive, label_smoothing=0.3)
    assert loss == pytest.approx(expected, rel=1e-5)


@either
def test_disagreement_is_the_mean_of_both_divergences(exclusive: bool):
    found = predict(make_logits(8, exclusive=exclusive), TWICE, exclusive=exclusive)
    expected = [
        (divergence(p, q) + divergence(q, p)) / 2
        for one, other in zip(found[:4], found[4:], strict=True)
        for p, q in zip(one, other, strict=True)
    ]
    total, _ = disagreement_and_gradient(make_logits(8, exclusive=exclusive), TWICE, exclusive=exclusive)
    # Summed over the rows of both passes.
    assert total == pytest.approx(2 * sum(expected), rel=1e-4)


@either
def test_gradient_of_disagreement_agrees_with_finite_differences(exclusive: bool):
    logits = make_logits(8, exclusive=exclusive).astype(np.float64)
    check_gradient(lambda x: disagreement_and_gradient(x, TWICE, exclusive=exclusive), logits, ~TWICE)


@either
def test_equal_passes_do_not_disagree(exclusive: bool):
    logits = np.tile(make_logits(exclusive=exclusive), (2, 1))
    total, gradient = disagreement_and_gradient(logits, TWICE, exclusive=exclusive)
    assert total == 0 and not gradient.any()


@either
def test_loss_of_two_passes_is_the_mean_over_their_rows_and_the_weighted_disagreement(exclusive: bool):
    logits, truth = make_logits(8, exclusive=exclusive), np.tile(TRUTH, (2, 1))
    entropy, slope = loss_and_gradient(logits, truth, TWICE, exclusive=exclusive, label_smoothing=0.1)
    more, more_slope = disagreement_and_gradient(logits, TWICE, exclusive=exclusive)
    loss, gradient = Loss(label_smoothing=0.1, consistency=0.7)(logits, truth, TWICE, exclusive=exclusive, passes=2)
    assert loss == pytest.approx((entropy + 0.7 * more) / 8)
    np.testing.assert_allclose(gradient, (slope + 0.7 * more_slope) / 8, rtol=1e-5, atol=1e-8)
    alone, _ = Loss(label_smoothing=0.1, consistency=0.7)(logits, truth, TWICE, exclusive=exclusive)
    assert alone == pytest.approx(entropy / 8)


@either
def test_extreme_logits(exclusive: bool):
    logits = np.array([[1e4, -1e4, 0, 1], [-1e4, 1e4, 1e4, 0]], dtype=np.float32)[:, : 4 if exclusive else 3]
    for loss in (Loss(), Loss(label_smoothing=0.1, consistency=1.0)):
        value, gradient = loss(logits, TRUTH[:2], ALLOWED[[0, 0]], exclusive=exclusive, passes=loss.passes)
        assert np.isfinite(value) and np.isfinite(gradient).all()


@either
def test_no_pairs(exclusive: bool):
    none, width = np.zeros((0, 3), dtype=bool), 4 if exclusive else 3
    logits = np.zeros((0, width), dtype=np.float32)
    for loss in (Loss(), Loss(label_smoothing=0.1, consistency=1.0)):
        value, gradient = loss(logits, none.astype(np.float32), none, exclusive=exclusive, passes=loss.passes)
        assert value == 0 and gradient.shape == (0, width)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("label_smoothing", 1.0), ("label_smoothing", -0.1), ("consistency", -1.0)],
)
def test_settings_out_of_range(make_nlp, setting: str, value: float):
    with pytest.raises(BioreError, match=f"BR209.*{setting} is {value}"):
        make_nlp(**{setting: value})
