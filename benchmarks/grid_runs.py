"""Performing the runs of a grid: each finished one is kept for good, a failure stops no other."""

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

import spacy

from spacy_biore.crossval.fold_files import check_overlaps, file_folds, find_fold_files
from spacy_biore.crossval.run import WORK, claim_output, cross_validate, describe_failure
from spacy_biore.crossval.training import Files, train_and_score
from spacy_biore.errors import BioreError, Errors
from spacy_biore.readers import read_docs
from spacy_biore.run_folder import sole_use, write_json

from .common import describe_occasion
from .grid import Grid, Run
from .identity import REPORT, check_finished, config_of, identify_run, is_adapted
from .records import read_record, unscored


@dataclass
class Progress:
    """What became of the runs.

    Attributes:
        done: Names of those that were performed.
        found: Names of those that were finished before.
        failures: Why others failed.
        unscored: Of each finished run the test parts without a gold relation, if there are any.
    """

    done: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    unscored: dict[str, list[str]] = field(default_factory=dict)


def perform_all(
    grid: Grid,
    runs: Iterable[Run],
    results: Path,
    work: Path,
    *,
    gpu_id: int = -1,
    stdout: IO[str] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Progress:
    """Perform the runs that are not finished.

    A finished run is a file in ``results``, written last and at once; one that was interrupted goes on from the last
    state of its training. The same holds for the folds of a run.

    Args:
        grid: The grid.
        runs: The runs.
        results: Folder for one JSON a run, and ``NAME.error.txt`` for one that failed.
        work: Folder for what only a run in progress needs.
        gpu_id: A GPU that is in use already, or -1.
        stdout: Where the training loop writes its table; None for nowhere.
        say: Called with messages.
    """
    progress = Progress()
    for run in runs:
        path = results / f"{run.name}.json"
        try:
            identity = identify_run(grid, run)
            with sole_use(work / run.name):
                if path.exists():
                    record = read_record(path)
                    check_finished(path, record, grid, run, identity)
                    names = progress.found
                else:
                    say(run.name)
                    record = {
                        "command": f"python -m benchmarks.paper run {grid.path} --only {run.name}",
                        **describe_occasion(),
                        "run": vars(run),
                        "identity": identity,
                        "adaptation": _describe_adaptation(Path(grid.encoder_of(run))),
                        **_perform(grid, run, identity, work / run.name, gpu_id=gpu_id, stdout=stdout),
                    }
                    write_json(path, record)
                    names = progress.done
                _tidy(path, work / run.name)
        except Exception as error:
            # Whatever befalls one run, the hours of the others must not be lost with it.
            progress.failures[run.name] = describe_failure(error, path)
            continue
        names.append(run.name)
        if parts := unscored(record):
            progress.unscored[run.name] = parts
    return progress


def _tidy(result: Path, work: Path) -> None:
    """Remove what a finished run no longer needs; it may have been killed before."""
    result.with_suffix(".error.txt").unlink(missing_ok=True)
    shutil.rmtree(work, ignore_errors=True)


def _perform(
    grid: Grid, run: Run, identity: dict[str, Any], work: Path, *, gpu_id: int, stdout: IO[str] | None
) -> dict[str, Any]:
    config, corpus = config_of(grid, run), grid.corpora[run.corpus]
    claim_output(work, identity)
    if "folds" not in corpus:
        files = Files(*(Path(corpus[key]) if key in corpus else None for key in ("train", "dev", "test")))
        return train_and_score(config, files, work / WORK / "model", gpu_id=gpu_id, stdout=stdout)
    read = partial(read_docs, nlp=spacy.blank("xx"))
    files = find_fold_files(Path(corpus["folds"]))
    check_overlaps(files, read)
    share = corpus.get("dev_share") or 0.0
    folds = file_folds(files, read)[: corpus.get("test_folds")]
    outcome = cross_validate(config, folds, work, dev=share, seed=run.seed, gpu_id=gpu_id, stdout=stdout)
    if outcome.failures:
        reasons = "; ".join(f"fold {name}: {reason}" for name, reason in outcome.failures.items())
        raise BioreError(Errors.BR512.format(failed=len(outcome.failures), folds=len(folds), reasons=reasons))
    return {
        "folds": {name: _shorten(result) for name, result in outcome.results.items()},
        "summary": outcome.to_dict(),
    }


def _shorten(fold: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a fold's result what only its own file needs."""
    kept = {key: fold[key] for key in ("documents", "model", "steps", "curve", "seconds", "articles")}
    tuned = fold["tuned"] and {**fold["tuned"], "test": _scores(fold["tuned"]["test"])}
    return {**kept, "test": _scores(fold["test"]), "tuned": tuned}


def _scores(test: dict[str, Any]) -> dict[str, Any]:
    names = ("rel_micro_p", "rel_micro_r", "rel_micro_f", "gold", "predicted", "found", "spurious")
    return {name: test[name] for name in names}


def _describe_adaptation(encoder: Path) -> dict[str, Any] | None:
    """Return how an encoder was adapted, if it is a folder that ``adapt`` wrote."""
    if not is_adapted(encoder):
        return None
    data = json.loads((encoder / REPORT).read_text(encoding="utf8"))
    first, last = data["curve"][0], data["curve"][-1]
    return {
        "steps": last["step"],
        "pieces": data["pieces"],
        "perplexity_before": first["perplexity"],
        "perplexity_after": last["perplexity"],
    }
