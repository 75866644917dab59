"""The held-out perplexity of adaptation runs as a picture, and their reports beside the other results."""

import argparse
import json
from pathlib import Path
from typing import Any

from spacy_biore.run_folder import write_json

from .common import RESULTS, ROOT
from .svg import Point, chart

MILLION = 1e6


def draw(reports: dict[str, dict[str, Any]]) -> str:
    """Return an SVG of perplexity against word pieces read; the point before the first update is left out.

    Args:
        reports: The ``adaptation.json`` of each run, by the name it has in the legend.
    """
    series = {name: [_point(point) for point in report["curve"][1:]] for name, report in reports.items()}
    return chart("Perplexity on held-out text", "million word pieces read", "perplexity", series)


def _point(point: dict[str, Any]) -> Point:
    perplexity = point["perplexity"]
    return Point(point["pieces"] / MILLION, perplexity, perplexity, perplexity)


def main() -> None:
    """Draw the runs named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.adaptation_curve", description=__doc__)
    parser.add_argument("encoders", type=Path, nargs="+", help="folders that adapt wrote")
    parser.add_argument("--picture", type=Path, default=ROOT / "docs" / "adaptation.svg")
    parser.add_argument("--results", type=Path, default=RESULTS / "adaptation", help="where the reports are kept")
    options = parser.parse_args()
    reports = {}
    for folder in options.encoders:
        report = json.loads((folder / "adaptation.json").read_text(encoding="utf8"))
        write_json(options.results / f"{folder.name}.json", report)
        reports[folder.name] = report
    options.picture.write_text(draw(reports), encoding="utf8")


if __name__ == "__main__":
    main()
