"""The grid of accuracy runs, read from a file."""

import pytest
import srsly
from spacy.util import load_config

from benchmarks.common import ROOT
from benchmarks.grid import read_grid


def test_runs_are_all_combinations_in_the_order_of_the_file(grid_path):
    grid = read_grid(grid_path)
    assert [run.name for run in grid.runs] == [
        "whole.tiny.none.plain.default.s0",
        "whole.tiny.none.plain.default.s1",
        "whole.tiny.none.mean.default.s0",
        "whole.tiny.none.mean.default.s1",
        "folded.tiny.none.plain.default.s0",
        "folded.tiny.none.mean.default.s0",
    ]
    overrides = grid.overrides_of(grid.runs[-1])
    assert overrides["components.relation_extractor.model.summary"] == "mean"
    assert (overrides["training.seed"], overrides["training.max_steps"]) == (0, 1)


def test_only_chooses_by_name(grid_path):
    grid = read_grid(grid_path)
    assert [run.name for run in grid.choose(["*.mean.*.s1", "folded*mean*"])] == [
        "whole.tiny.none.mean.default.s1",
        "folded.tiny.none.mean.default.s0",
    ]
    with pytest.raises(ValueError, match="BR511.*'nothing'"):
        grid.choose(["*", "nothing"])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda data: data.pop("runs"), "the grid has no key 'runs'"),
        (lambda data: data.update(run=[]), "the grid has an unknown key 'run'"),
        (lambda data: data["corpora"]["whole"].pop("test"), "whole needs train, test and perhaps dev, or folds alone"),
        (lambda data: data["corpora"]["whole"].pop("train"), "whole needs train, test and perhaps dev"),
        (lambda data: data["corpora"]["folded"].update(train="x"), "folded needs train, .* or folds alone"),
        (lambda data: data["corpora"]["folded"].update(folds=None), "folds of the corpus folded must be a text"),
        (lambda data: data["corpora"]["folded"].update(config=None), "config of the corpus folded must be a text"),
        (
            lambda data: data["corpora"]["folded"].update(settings=[1]),
            "settings of the corpus folded must be a mapping",
        ),
        (lambda data: data["corpora"]["folded"].update(dev_share="x"), "dev_share of .* must be a number"),
        (lambda data: data["corpora"]["folded"].update(test_folds="x"), "test_folds of .* must be a whole number"),
        (lambda data: data["corpora"]["folded"].update(test_folds=0), "test_folds .* folded .* is at least 1"),
        (lambda data: data["corpora"]["whole"].update(test_folds=1), "test_folds of the corpus whole goes with folds"),
        (
            lambda data: data["comparisons"][0].update(settings=["default"]),
            "settings of a comparison must be a mapping",
        ),
        (
            lambda data: data["comparisons"][0].update(settings={"whole": "default"}),
            "'tiny.none.plain.default.default', which is the row of no run on whole",
        ),
        (lambda data: data["encoders"].update(tiny=None), "the encoder tiny must be a mapping"),
        (lambda data: data["encoders"]["tiny"].update(none=None), "tiny with adaptation none must be a text"),
        (lambda data: data["encoders"]["tiny"].update(none={"whole": 1}), "tiny with adaptation none must be a text"),
        (lambda data: data.update(settings=["a"]), "settings must be a mapping"),
        (lambda data: data.update(settings={"a": 1}), "a of settings must be a mapping"),
        (lambda data: data["poolings"].update(mean="x"), "mean of poolings must be a mapping"),
        (lambda data: data.update(runs=5), "runs must be a list"),
        (lambda data: data["runs"][0].update(pooling=[{}]), "pooling of a block of runs must be a text"),
        (lambda data: data["runs"][0].update(seed="x"), "seed of a block of runs must be a whole number"),
        (
            lambda data: data["comparisons"][0].update(after="tiny.none.max.default"),
            "'summary' names 'tiny.none.max.def",
        ),
        (lambda data: data["runs"][0].update(pooling="max"), "pooling 'max' is not one of plain, mean"),
        (lambda data: data["runs"][0].update(adaptation="more"), "adaptation 'more' is not one of none"),
        (lambda data: data["encoders"]["tiny"].update(none={"folded": "x"}), "adaptation none for whole"),
        (lambda data: data["runs"][0].pop("seed"), "a block of runs has no key 'seed'"),
        (lambda data: data.update(runs=[]), "it has no runs"),
        (lambda data: data.update(poolings=["cls"]), "poolings must be a mapping"),
        (lambda data: data.update(compared=["hole"]), "compared 'hole' is not one of whole, folded"),
        (lambda data: data["comparisons"][0].pop("after"), "a comparison has no key 'after'"),
    ],
)
def test_mistakes_in_a_grid_are_named(change, problem, grid_path, save_grid):
    data = srsly.read_yaml(grid_path)
    change(data)
    with pytest.raises(ValueError, match=f"BR510.*grid.yml: .*{problem}"):
        read_grid(save_grid(data))


def test_a_file_that_is_no_grid_is_named(tmp_path):
    for text in ("- one", "a: [", ""):
        (tmp_path / "grid.yml").write_text(text)
        with pytest.raises(ValueError, match="BR510"):
            read_grid(tmp_path / "grid.yml")


def test_the_grid_of_the_project_is_valid():
    grid = read_grid(ROOT / "benchmarks" / "paper.yml")
    assert all((ROOT / corpus["config"]).exists() for corpus in grid.corpora.values())


@pytest.mark.parametrize(
    ("row", "key", "value"),
    [
        ("small.none.attention.long-windows", "components.relation_extractor.model.max_length", 256),
        ("small.none.attention.no-averages", "training.optimizer.use_averages", False),
        ("base.none.attention-starts.base-rate", "training.optimizer.learn_rate.initial_rate", 0.00002),
    ],
)
def test_settings_of_the_project_reach_the_config(row, key, value):
    grid = read_grid(ROOT / "benchmarks" / "paper.yml")
    config = load_config(ROOT / "configs" / "chemprot.cfg")
    before, last = config, key.split(".")[-1]
    for part in key.split(".")[:-1]:
        before = before[part]
    runs = [run for run in grid.runs if run.row == row]
    assert before[last] != value and "chemprot" in {run.corpus for run in runs}
    assert all(grid.overrides_of(run)[key] == value for run in runs)


def test_the_longest_runs_of_the_project_are_last():
    grid = read_grid(ROOT / "benchmarks" / "paper.yml")
    row = "base.none.attention-starts.base-rate.s0"
    assert [run.name for run in grid.runs[-2:]] == [f"chemprot.{row}", f"ddi.{row}"]
