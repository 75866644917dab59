"""Whether two models differ on one test set, by approximate randomisation (Noreen 1989; Yeh 2000).

The two models' answers on an article are exchanged at random; the p-value says how often the micro-averaged F then
differs at least as much as it does. Whole articles are exchanged, since pairs of one article depend on each other.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .records import Counts

RESAMPLES = 9999


def p_value(before: Mapping[str, Counts], after: Mapping[str, Counts], *, seed: int = 0) -> float | None:
    """Return the two-sided p-value; None if there are not two articles to exchange.

    Args:
        before: Right, spurious and missed relations of each article that has any, by one model.
        after: The same by the other model, on the same test set.
        seed: Seed of the exchanges.
    """
    from scipy.stats import permutation_test

    names = sorted({*before, *after})
    if len(names) < 2:
        return None
    counts = np.array([model.get(name, (0, 0, 0)) for model in (before, after) for name in names])
    rows = np.arange(len(counts)).reshape(2, -1)

    def difference(one: NDArray[np.int64], other: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
        return _micro_f(counts[other].sum(axis=axis - 1)) - _micro_f(counts[one].sum(axis=axis - 1))

    generator = np.random.default_rng(seed)
    test = permutation_test(
        tuple(rows), difference, permutation_type="samples", vectorized=True, n_resamples=RESAMPLES, batch=200,
        rng=generator,
    )  # fmt: skip
    return float(test.pvalue)


def _micro_f(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    right, spurious, missed = np.moveaxis(counts, -1, 0)
    return 2 * right / np.maximum(2 * right + spurious + missed, 1)
