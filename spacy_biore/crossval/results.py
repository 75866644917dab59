"""Scores of all folds together."""

import statistics
from collections.abc import Sequence
from typing import Any

from spacy.scorer import PRFScore

SCORES = ("p", "r", "f")


def summarise(tests: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Summarise what the folds' test parts score.

    Args:
        tests: Of each fold what ``Evaluation.to_dict`` returns.

    Returns:
        ``folds`` and how many of them are ``scored``, as those without gold relations have no scores; ``mean`` and
        ``deviation`` (of a sample) of p, r and f over the scored ones; ``pooled``: p, r and f of the counts of all.
        What too few folds leave undefined is None.
    """
    scored = [test for test in tests if test["rel_micro_f"] is not None]
    columns = {name: [test[f"rel_micro_{name}"] for test in scored] for name in SCORES}
    return {
        "folds": len(tests),
        "scored": len(scored),
        "mean": {name: statistics.mean(values) if values else None for name, values in columns.items()},
        "deviation": {name: statistics.stdev(values) if len(values) > 1 else None for name, values in columns.items()},
        "pooled": _pool(tests),
    }


def _pool(tests: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    gold, found, spurious = (sum(test[name] for test in tests) for name in ("gold", "found", "spurious"))
    if not gold:
        return dict.fromkeys(SCORES)
    pooled = PRFScore(tp=found, fp=spurious, fn=gold - found)
    return {"p": pooled.precision, "r": pooled.recall, "f": pooled.fscore}
