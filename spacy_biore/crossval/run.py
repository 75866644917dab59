"""Cross-validation: every fold in turn, each finished one kept for good."""

import json
import shutil
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from spacy.tokens import Doc, DocBin
from thinc.api import Config

from ..run_folder import RUN, claim_folder, refuse_foreign, write_json
from .folds import Fold, Parts, keep_dev
from .results import summarise
from .training import Files, train_and_score

SUMMARY = "summary.json"
WORK = "work"


@dataclass
class Outcome:
    """What became of the folds.

    Attributes:
        results: Of each finished fold what ``train_and_score`` returns, by its name.
        failures: Of each fold that failed, why.
    """

    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def unscored(self) -> list[str]:
        """The finished folds that have no scores, as there are no gold relations in their test part."""
        return [name for name, result in self.results.items() if result["test"]["rel_micro_f"] is None]

    def to_dict(self) -> dict[str, Any]:
        """Return the summary of all folds as JSON data; ``tuned`` is None where not every fold has a threshold."""
        results = list(self.results.values())
        tuned = [result["tuned"]["test"] for result in results if result["tuned"]]
        return {
            **summarise([result["test"] for result in results]),
            "tuned": summarise(tuned) if tuned and len(tuned) == len(results) else None,
            "without_gold_relations": self.unscored,
            "failed": self.failures,
        }


def claim_output(output: Path, identity: dict[str, Any]) -> None:
    """Mark a folder as that of a run, or make sure that it is; one without a finished fold may become that of another.

    Args:
        output: As in ``cross_validate``.
        identity: What ``identify`` returned.

    Raises:
        BioreError: BR407 if it holds finished folds of another run; BR420 if its folder ``work`` is not of a run.
    """
    path = output / RUN
    if not path.exists():
        refuse_foreign(output / WORK)
    elif json.loads(path.read_text(encoding="utf8")) != identity and not any(output.glob("fold-*.json")):
        shutil.rmtree(output / WORK, ignore_errors=True)
        for old in [path, output / SUMMARY, *output.glob("fold-*.error.txt")]:
            old.unlink(missing_ok=True)
    claim_folder(output, identity)


def cross_validate(
    config: Config,
    folds: Sequence[Fold],
    output: Path,
    *,
    dev: float,
    seed: int,
    gpu_id: int = -1,
    stdout: IO[str] | None = None,
    begin: Callable[[str], None] = lambda name: None,
) -> Outcome:
    """Train and score on every fold that is not finished.

    A finished fold is a file ``fold-NAME.json`` in the output, written last and at once; one that was interrupted goes
    on from the last state of its training. A fold that fails leaves ``fold-NAME.error.txt``, and the rest goes on.

    Args:
        config: As in ``train_and_score``.
        folds: The folds.
        output: Folder for the results, and for ``work`` while a fold is trained.
        dev: Share of the articles of a training part that the model is watched on, where a fold has no such part.
        seed: Seed of that choice.
        gpu_id: A GPU that is in use already, or -1.
        stdout: Where the training loop writes its table; None for nowhere.
        begin: Called with the name of a fold before it is trained.
    """
    outcome = Outcome()
    for fold in folds:
        path = output / f"fold-{fold.name}.json"
        if not path.exists():
            begin(fold.name)
            work = output / WORK / fold.name
            try:
                result = _run(config, keep_dev(fold.read(), dev, seed=seed), work, gpu_id=gpu_id, stdout=stdout)
            except Exception as error:
                # Whatever befalls one fold, hours of the others must not be lost with it.
                outcome.failures[fold.name] = describe_failure(error, path)
                shutil.rmtree(work, ignore_errors=True)
                continue
            write_json(path, {"fold": fold.name, **result})
            path.with_suffix(".error.txt").unlink(missing_ok=True)
            shutil.rmtree(work, ignore_errors=True)
        outcome.results[fold.name] = json.loads(path.read_text(encoding="utf8"))
    shutil.rmtree(output / WORK, ignore_errors=True)
    write_json(output / SUMMARY, outcome.to_dict())
    return outcome


def describe_failure(error: Exception, result: Path) -> str:
    """Return what an error says, and leave the whole of it beside where the result would be."""
    result.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(traceback.format_exception(error))
    result.with_suffix(".error.txt").write_text(text, encoding="utf8")
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def _run(config: Config, parts: Parts, work: Path, *, gpu_id: int, stdout: IO[str] | None) -> dict[str, Any]:
    paths = {name: _save(docs, work / f"{name}.spacy") for name, docs in parts._asdict().items()}
    files = Files(paths["train"], paths["dev"] if parts.dev else None, paths["test"])
    return train_and_score(config, files, work / "model", gpu_id=gpu_id, stdout=stdout)


def _save(docs: Sequence[Doc], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path
