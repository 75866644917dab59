"""The table that ``crossval`` prints."""

from collections.abc import Mapping
from typing import Any

from ..crossval.results import SCORES
from ..crossval.run import Outcome
from .evaluation_tables import Row, make_table, percent

COUNTS = ("documents", "gold", "predicted")


def crossval_table(outcome: Outcome) -> str:
    """Return a table with a row for each fold, the mean, the standard deviation, and the scores of all pairs pooled.

    With a development part, the scores at the threshold that is best there stand at the end of each row.
    """
    summary = outcome.to_dict()
    tuned = summary["tuned"]
    header = ["fold", *COUNTS, "P", "R", "F", *(["threshold", "P", "R", "F"] if tuned else [])]
    rows = [
        *(_fold_row(name, result, tuned=tuned is not None) for name, result in outcome.results.items()),
        *(_total_row(title, summary, key) for key, title in _titles(summary).items()),
    ]
    return make_table(header, rows)


def _titles(summary: Mapping[str, Any]) -> dict[str, str]:
    total = summary["folds"] + len(summary["failed"])
    mean = "mean" if summary["scored"] == total else f"mean ({summary['scored']} of {total} folds)"
    pooled = f"{summary['folds']} of {total} folds pooled" if summary["failed"] else "all folds pooled"
    return {"mean": mean, "deviation": "standard deviation", "pooled": pooled}


def _fold_row(name: str, result: Mapping[str, Any], *, tuned: bool) -> Row:
    counts = (str(result["test"][key]) for key in COUNTS)
    row = (name, *counts, *_fold_scores(result["test"]))
    if not tuned:
        return row
    thresholds = result["tuned"]["thresholds"].values()
    shown = ", ".join("natural" if value is None else f"{value:.2f}" for value in thresholds)
    return (*row, shown, *_fold_scores(result["tuned"]["test"]))


def _total_row(title: str, summary: Mapping[str, Any], key: str) -> Row:
    row = (title, "", "", "", *_scores(summary[key]))
    return (*row, "", *_scores(summary["tuned"][key])) if summary["tuned"] else row


def _fold_scores(test: Mapping[str, Any]) -> Row:
    return _scores({name: test[f"rel_micro_{name}"] for name in SCORES})


def _scores(values: Mapping[str, float | None]) -> Row:
    return tuple("-" if values[name] is None else percent(values[name]) for name in SCORES)  # type: ignore[arg-type]
