"""Accuracy beside the 2022 paper: runs a grid of trainings, and renders their report."""

import argparse
import sys
from pathlib import Path

import torch
from wasabi import msg

from spacy_biore.cli.common import messages, use_gpu

from .common import RESULTS, ROOT
from .grid import read_grid
from .grid_runs import Progress, perform_all
from .identity import sort_results
from .pipelines import quiet
from .records import read_records
from .report import render

GRID = Path("benchmarks/paper.yml")


def run(settings: argparse.Namespace) -> int:
    """Perform runs of a grid; return the exit code, 1 if one failed or has a test part without gold relations."""
    grid = read_grid(settings.grid)
    runs = grid.choose(settings.only)
    torch.set_num_threads(settings.threads)
    use_gpu(settings.gpu_id)
    quiet()
    progress = perform_all(
        grid, runs, settings.results, settings.work, gpu_id=settings.gpu_id, stdout=sys.stdout, say=msg.divider
    )
    _print(progress)
    return 1 if progress.failures or progress.unscored else 0


def report(settings: argparse.Namespace) -> int:
    """Write the report; return the exit code."""
    grid = read_grid(settings.grid)
    records, left_out = sort_results(grid, read_records(settings.results))
    files = render(grid, records, settings.output, pipelines=settings.pipelines)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf8")
    msg.good(f"Wrote {', '.join(map(str, files))}")
    if left_out:
        reasons = "; ".join(f"{name} ({left_out[name]})" for name in sorted(left_out))
        msg.warn(f"{len(left_out)} result(s) are not of this grid and are left out", reasons)
    return 0


def _print(progress: Progress) -> None:
    counts = {"performed now": progress.done, "finished before": progress.found, "failed": list(progress.failures)}
    msg.info("Runs " + ", ".join(f"{name}: {len(names)}" for name, names in counts.items()))
    for name, reason in progress.failures.items():
        msg.fail(f"{name} failed", reason)
    for name, parts in progress.unscored.items():
        msg.warn(f"{name} has no gold relations to score in {', '.join(parts)}", "It is in none of the means.")


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.paper", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for function, text in ((run, "perform the runs that are not finished"), (report, "render docs/benchmarks.md")):
        command = commands.add_parser(function.__name__, help=text, description=function.__doc__)
        command.set_defaults(function=function)
        command.add_argument("grid", type=Path, nargs="?", default=GRID, help="the grid file")
        command.add_argument("--results", type=Path, default=RESULTS / "paper", help="folder of one JSON a run")
        if function is run:
            command.add_argument("--only", nargs="+", default=[], help="names of runs; * stands for anything")
            command.add_argument("--work", type=Path, default=ROOT / "training" / "paper", help="folder for models")
            command.add_argument("--threads", type=int, default=2, help="threads of torch")
            command.add_argument("--gpu-id", type=int, default=-1, help="GPU, or -1 for the CPU")
        else:
            command.add_argument("--pipelines", type=Path, default=RESULTS, help="folder of recognition/, end_to_end/")
            command.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks.md", help="the page")
    return parser


def main() -> None:
    """Run the benchmark from the command line."""
    settings = _make_parser().parse_args()
    with messages("Nothing was done"):
        code = settings.function(settings)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
