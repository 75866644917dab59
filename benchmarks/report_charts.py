"""The charts of the report: how scores on dev grow, and what pooling and adaptation do to F."""

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .grid import Grid
from .records import scores_on_test
from .svg import Point, chart

if TYPE_CHECKING:
    from .report import Row


def charts(grid: Grid, rows: Sequence["Row"]) -> dict[str, str]:
    """Return the SVG text of each chart that there are results for, by its name."""
    drawn = {}
    for corpus in grid.corpora:
        mine = [row for row in rows if row.corpus == corpus and row.records]
        title = grid.corpora[corpus].get("title", corpus)
        if curves := {row.name: points for row in mine if (points := _curve(row))}:
            drawn[f"{corpus}-steps"] = chart(f"{title}: F1 on dev while training", "steps", "F1 on dev", curves)
        if pooled := _by_pooling(grid, mine):
            drawn[f"{corpus}-pooling"] = chart(
                f"{title}: F1 by pooling", "pooling", "F1 on test", pooled, list(grid.poolings)
            )
        if adapted := _by_adaptation(mine):
            drawn[f"{corpus}-adaptation"] = chart(
                f"{title}: F1 by adaptation", "steps of masked-LM adaptation", "F1 on test", adapted
            )
    return drawn


def _curve(row: "Row") -> list[Point]:
    """Return the mean of all seeds at each step; step 0 says nothing."""
    at: dict[int, list[float]] = {}
    for record in row.records.values():
        for point in record.get("curve", []):
            if point["step"] and point["f"] is not None:
                at.setdefault(point["step"], []).append(100 * point["f"])
    return [_point(step, values) for step, values in sorted(at.items())]


def _by_pooling(grid: Grid, rows: Sequence["Row"]) -> dict[str, list[Point]]:
    places = {name: place for place, name in enumerate(grid.poolings)}
    series: dict[str, list[Point]] = {}
    for row in rows:
        run = row.runs[0]
        if values := _f_values(row):
            name = ".".join((run.encoder, run.adaptation, run.settings))
            series.setdefault(name, []).append(_point(places[run.pooling], values))
    return series


def _by_adaptation(rows: Sequence["Row"]) -> dict[str, list[Point]]:
    """Return F against the steps of adaptation; 0 without. Encoders of unknown history are left out."""
    series: dict[str, list[Point]] = {}
    for row in rows:
        run, record = row.runs[0], next(iter(row.records.values()))
        known = run.adaptation == "none" or record["adaptation"]
        if known and (values := _f_values(row)):
            steps = record["adaptation"]["steps"] if record["adaptation"] else 0
            series.setdefault(".".join((run.encoder, run.pooling, run.settings)), []).append(_point(steps, values))
    return {name: points for name, points in series.items() if len({point.x for point in points}) > 1}


def _f_values(row: "Row") -> list[float]:
    return [score.f for score in map(scores_on_test, row.records.values()) if score]


def _point(x: float, values: Sequence[float]) -> Point:
    return Point(x, statistics.mean(values), min(values), max(values))
