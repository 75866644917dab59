"""What the benchmarks share: timing of variants in turn, a description of the machine, and the result file."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from spacy_biore.run_folder import write_json

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = ("spacy-biore", "spacy", "thinc", "torch", "transformers", "tokenizers", "numpy")
CPU_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")

# Gets everything ready and returns the part that is timed.
Variant = Callable[[], Callable[[], object]]


def time_in_turn(variants: Mapping[str, Variant], *, rounds: int) -> dict[str, list[float]]:
    """Time every variant once a round, each round beginning with another one, so that drift hits all alike.

    Returns:
        Wall-clock seconds of each variant in each round.
    """
    names = list(variants)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            run = variants[name]()
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def rates(seconds: Mapping[str, Sequence[float]], n_items: int) -> dict[str, dict[str, Any]]:
    """Turn seconds into pairs, or other items, a second: median, spread and every round."""
    return {name: spread([n_items / value for value in values]) for name, values in seconds.items()}


def ratio(seconds: Mapping[str, Sequence[float]], faster: str, slower: str) -> dict[str, Any]:
    """Return how many times the rate of ``slower`` the rate of ``faster`` is, round by round."""
    return spread([b / a for a, b in zip(seconds[faster], seconds[slower], strict=True)], digits=3)


def spread(values: Sequence[float], *, digits: int = 1) -> dict[str, Any]:
    """Summarise the values of all rounds."""
    return {
        "median": round(statistics.median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
        "rounds": [round(value, digits) for value in values],
    }


def make_parser(text: str | None, *, name: str, folder: str | None = None) -> argparse.ArgumentParser:
    """Make a parser with the arguments that every benchmark takes.

    Args:
        text: What the benchmark does.
        name: Its module, and the name of its result file.
        folder: A folder with a result for each of several models, whose name must be given, in place of one file.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=text)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    if folder is None:
        parser.add_argument("--output", type=Path, default=RESULTS / f"{name}.json", help="the result file")
    else:
        place = (RESULTS / folder / "NAME.json").relative_to(ROOT)
        parser.add_argument("--output", type=Path, required=True, help=f"the result file, {place}")
    return parser


def write_result(path: Path, settings: argparse.Namespace, result: Mapping[str, Any]) -> None:
    """Write a result as JSON, with all that is needed to make it again."""
    arguments = {key: value for key, value in vars(settings).items() if key != "output"}
    record = {"command": _command(), "settings": _shown(arguments), **describe_occasion(), **_shown(result)}
    write_json(path, record)
    print(json.dumps(record, indent=2, ensure_ascii=False))


def describe_occasion() -> dict[str, Any]:
    """Return when, from which commit, where and with what something is measured."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": git_commit(),
        "machine": describe_machine(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }


def describe_machine() -> dict[str, Any]:
    """Describe the processor, its memory, the threads in use, how busy it was in the last minute, and the GPUs."""
    info = _cpu_info()
    flags = info.get("flags", "").split()
    return {
        "cpu": info.get("model name", platform.processor()),
        "cpu_flags": [flag for flag in CPU_FLAGS if flag in flags],
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "threads": torch.get_num_threads(),
        "load_average": round(os.getloadavg()[0], 2),
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        "system": f"{platform.system()} {platform.machine()}",
    }


def git_commit() -> str | None:
    """Return the commit of the working tree, marked if files other than results differ from it.

    None outside a repository.
    """
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        status = _git("status", "--porcelain", "--", ".", ":(exclude)benchmarks/results")
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit.strip() + ("+changes" if status.strip() else "")


def _git(*args: str) -> str:
    return subprocess.run(["git", *args], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _cpu_info() -> dict[str, str]:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf8").splitlines() if path.exists() else []
    pairs = (line.split(":", 1) for line in reversed(lines) if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def _command() -> str:
    module = Path(sys.argv[0]).stem
    return " ".join(["python", "-m", f"benchmarks.{module}", *(_shown(value) for value in sys.argv[1:])])


def _shown(value: Any) -> Any:
    """Shorten paths in some data to their last part: where a corpus lies on one machine helps nobody elsewhere."""
    if isinstance(value, Mapping):
        return {key: _shown(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(part) for part in value]
    if isinstance(value, Path) or (isinstance(value, str) and Path(value).is_absolute()):
        return Path(value).name
    return value
