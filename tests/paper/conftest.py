"""A small grid, and a training that takes no time."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import srsly
from spacy.tokens import Doc, DocBin
from thinc.api import Config

from spacy_biore.relations import DOC_ID_KEY, GROUP_KEY

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import grid_runs
from benchmarks.grid import read_grid


@pytest.fixture
def save_folds(make_doc: Callable[..., Doc], tmp_path: Path) -> Callable[..., None]:
    """A function that writes a corpus of one-sentence articles to NAME.spacy, every second of them with a relation."""

    def save(name: str, number: int = 4) -> None:
        docs = []
        for article in range(number):
            text = f"[drug|CHEMICAL] and [enzyme|GENE] of {re.sub('[^a-z]', '', name)}{article}."
            docs.append(make_doc(text, [(0, 1, "INHIBITS")] if article % 2 == 0 else []))
            docs[-1].user_data.update({DOC_ID_KEY: f"{name}{article}.s0", GROUP_KEY: f"{name}{article}"})
        path = tmp_path / f"{name}.spacy"
        path.parent.mkdir(exist_ok=True)
        DocBin(docs=docs, store_user_data=True).to_disk(path)

    return save


@pytest.fixture
def save_grid(tmp_path: Path) -> Callable[[Any], Path]:
    """A function that writes a grid file."""

    def save(data: Any) -> Path:
        srsly.write_yaml(tmp_path / "grid.yml", data)
        return tmp_path / "grid.yml"

    return save


@pytest.fixture
def grid_path(training_config: Config, tiny_encoder: str, save_folds: Any, save_grid: Any, tmp_path: Path) -> Path:
    """A grid of two corpora, one of them in folds, two poolings and two seeds, with a comparison."""
    config = tmp_path / "config.cfg"
    training_config["components"]["relation_extractor"]["model"]["summary"] = "none"
    training_config.to_disk(config)
    for name in ("train", "dev", "test", "folds/one", "folds/two"):
        save_folds(name)
    files = {part: str(tmp_path / f"{part}.spacy") for part in ("train", "dev", "test")}
    tiny = {"encoder": "tiny", "adaptation": "none", "pooling": ["plain", "mean"]}
    return save_grid(
        {
            "corpora": {
                "whole": {"title": "Whole", "config": str(config), "caveat": "A note on the protocol.", **files},
                "folded": {
                    "config": str(config),
                    "folds": str(tmp_path / "folds"),
                    "settings": {"training.max_steps": 1},
                },
            },
            "encoders": {"tiny": {"none": tiny_encoder}},
            "poolings": {"plain": {}, "mean": {"summary": "mean"}},
            "runs": [{"corpus": "whole", "seed": [0, 1], **tiny}, {"corpus": "folded", "seed": 0, **tiny}],
            "comparisons": [
                {"title": "summary", "before": "tiny.none.plain.default", "after": "tiny.none.mean.default"}
            ],
        }
    )


@pytest.fixture
def run_all(tmp_path: Path) -> Callable[[Path], grid_runs.Progress]:
    """A function that performs all runs of a grid."""

    def run(grid_path: Path) -> grid_runs.Progress:
        grid = read_grid(grid_path)
        return grid_runs.perform_all(grid, grid.choose([]), tmp_path / "results", tmp_path / "work")

    return run


@pytest.fixture
def failing() -> set[int]:
    """The numbers of the trainings that fail, from 1: none, if a test adds none."""
    return set()


@pytest.fixture
def without_gold() -> set[int]:
    """The numbers of the trainings whose test part has no gold relations, from 1: none, if a test adds none."""
    return set()


@pytest.fixture
def trained(failing: set[int], without_gold: set[int], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by a name for each training. Nothing is trained: the first finds one relation, the second two, ..."""
    names: list[str] = []

    def train(config: Config, files: Any, work: Path, **_: Any) -> dict[str, Any]:
        names.append(work.name)
        work.mkdir(parents=True)
        if len(names) in failing:
            raise RuntimeError("out of memory")
        result = _result(len(names))
        if len(names) in without_gold:
            nothing = dict.fromkeys(["rel_micro_p", "rel_micro_r", "rel_micro_f"])
            result["test"] = {**result["test"], **nothing, "gold": 0, "found": 0, "spurious": len(names)}
            result |= {"tuned": None, "articles": {}}
        return result

    monkeypatch.setattr(grid_runs, "train_and_score", train)
    monkeypatch.setattr("spacy_biore.crossval.run.train_and_score", train)
    return names


def _result(right: int) -> dict[str, Any]:
    """Return a result with so many right relations of twenty, one in each of twenty articles, and no spurious one."""
    recall = right / 20
    scores = {"rel_micro_p": 1.0, "rel_micro_r": recall, "rel_micro_f": 2 * recall / (1 + recall)}
    counts = {"gold": 20, "predicted": right, "found": right, "spurious": 0, "documents": 40}
    test = {**scores, **counts}
    articles = {f"a{number}": "1 0 0" if number < right else "0 0 1" for number in range(20)}
    return {
        "documents": {"train": 1, "dev": 1, "test": 40},
        "model": "best",
        "steps": 2,
        "curve": [{"step": step, "loss": 1.0, "f": recall * step / 4} for step in (0, 2, 4)],
        "dev": scores,
        "test": test,
        "articles": articles,
        "tuned": {"thresholds": {"relation_extractor": 0.4}, "dev": scores, "test": test, "articles": articles},
        "seconds": {"train": 2.0, "score": 1.0},
    }
