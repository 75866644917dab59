"""Performing the runs of a grid: what is kept, how it goes on, and how it fails."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import srsly
from thinc.api import Config

from benchmarks import paper
from benchmarks.common import ROOT
from benchmarks.grid import read_grid
from benchmarks.grid_runs import perform_all
from benchmarks.records import article_counts
from spacy_biore.component import RelationExtractor
from spacy_biore.training import continuation


def test_finished_runs_are_not_repeated(grid_path, tmp_path, trained, run_all):
    results = tmp_path / "results"
    first = run_all(grid_path)
    assert len(first.done) == 6 and not first.failures and len(trained) == 8
    (results / "whole.tiny.none.mean.default.s0.json").unlink()
    again = run_all(grid_path)
    assert again.done == ["whole.tiny.none.mean.default.s0"] and len(again.found) == 5 and len(trained) == 9
    assert not list((tmp_path / "work").iterdir())


def test_only_the_first_folds_are_tested_on_if_the_corpus_says_so(grid_path, tmp_path, trained, run_all, save_grid):
    data = srsly.read_yaml(grid_path)
    data["corpora"]["folded"]["test_folds"] = 1
    assert len(run_all(save_grid(data)).done) == 6 and len(trained) == 6
    record = json.loads((tmp_path / "results" / "folded.tiny.none.plain.default.s0.json").read_text())
    assert list(record["folds"]) == ["one"]
    del data["corpora"]["folded"]["test_folds"]
    failures = run_all(save_grid(data)).failures
    assert len(failures) == 2 and all("BR407" in why and "test_folds" in why for why in failures.values())


def test_a_run_that_fails_is_named_and_the_rest_goes_on(grid_path, tmp_path, trained, failing, run_all):
    failing.add(2)
    progress = run_all(grid_path)
    assert progress.failures == {"whole.tiny.none.plain.default.s1": "RuntimeError: out of memory"}
    assert len(progress.done) == 5
    error = tmp_path / "results" / "whole.tiny.none.plain.default.s1.error.txt"
    assert "in train\n" in error.read_text(), "where it failed"


def test_folds_that_fail_fail_their_run_and_alone_are_repeated(grid_path, trained, failing, run_all):
    failing.add(6)
    progress = run_all(grid_path)
    assert "BR512" in progress.failures["folded.tiny.none.plain.default.s0"]
    assert "1 of 2 folds failed: fold two: RuntimeError" in progress.failures["folded.tiny.none.plain.default.s0"]
    n_trained = len(trained)
    assert run_all(grid_path).done == ["folded.tiny.none.plain.default.s0"]
    assert len(trained) == n_trained + 1


def test_folds_that_all_failed_for_want_of_an_encoder_succeed_with_it(adapted_grid, adapted, trained, failing, run_all):
    data = srsly.read_yaml(adapted_grid)
    srsly.write_yaml(adapted_grid, {**data, "runs": [{**data["runs"][0], "corpus": "folded", "seed": 0}]})
    hidden = adapted.rename(adapted.with_name("hidden"))
    failing.update((1, 2))
    assert "BR512" in run_all(adapted_grid).failures["folded.tiny.none.mean.default.s0"]
    hidden.rename(adapted)
    assert run_all(adapted_grid).done == ["folded.tiny.none.mean.default.s0"]


def test_a_result_of_other_settings_or_corpus_is_refused(grid_path, trained, run_all, save_grid, save_folds):
    run_all(grid_path)
    data = srsly.read_yaml(grid_path)
    data["poolings"]["mean"]["max_length"] = 64
    save_folds("folds/one", number=2)
    failures = run_all(save_grid(data)).failures
    assert "model.max_length" in failures["whole.tiny.none.mean.default.s0"]
    assert "corpus.folds/one.spacy" in failures["folded.tiny.none.plain.default.s0"]
    assert "whole.tiny.none.plain.default.s0" not in failures and len(trained) == 8


@pytest.mark.parametrize("change", ["renamed", "swapped", "without dev", "dev share", "one fold more"])
def test_a_result_of_other_files_or_another_use_of_them_is_refused(
    change, grid_path, trained, run_all, save_grid, save_folds, tmp_path
):
    run_all(grid_path)
    data = srsly.read_yaml(grid_path)
    whole, folded = data["corpora"]["whole"], data["corpora"]["folded"]
    if change == "renamed":
        save_folds("clean", number=2)
        whole["train"] = str(tmp_path / "clean.spacy")
    elif change == "swapped":
        whole["dev"], whole["test"] = whole["test"], whole["dev"]
    elif change == "without dev":
        del whole["dev"]
    elif change == "dev share":
        folded["dev_share"] = 0.5
    else:
        save_folds("folds/three")
    corpus = "whole" if change in ("renamed", "swapped", "without dev") else "folded"
    refused = set(run_all(save_grid(data)).failures)
    assert refused == {run.name for run in read_grid(grid_path).choose([f"{corpus}.*"])}


def test_a_setting_that_the_config_gained_makes_no_other_run(grid_path, tmp_path, trained, run_all):
    run_all(grid_path)
    config = Config().from_disk(tmp_path / "config.cfg")
    config["components"]["relation_extractor"]["model"]["context"] = 0
    config.to_disk(tmp_path / "config.cfg")
    assert len(run_all(grid_path).found) == 6


def test_a_setting_that_the_grid_makes_and_a_result_lacks_makes_another_run(grid_path, tmp_path, trained, run_all):
    run_all(grid_path)
    path = tmp_path / "results" / "whole.tiny.none.mean.default.s0.json"
    record = json.loads(path.read_text())
    del record["identity"]["config.components.relation_extractor.model.summary"]
    path.write_text(json.dumps(record))
    failures = run_all(grid_path).failures
    assert list(failures) == [path.stem] and "model.summary" in failures[path.stem]


def test_a_result_that_is_not_json_fails_its_run_alone(grid_path, tmp_path, trained, run_all):
    run_all(grid_path)
    path = tmp_path / "results" / "whole.tiny.none.mean.default.s0.json"
    for text in ("{", "[]"):
        path.write_text(text)
        failures = run_all(grid_path).failures
        assert list(failures) == [path.stem] and "BR513" in failures[path.stem]


@pytest.fixture
def adapted(tmp_path):
    """The folder of an adapted encoder."""
    folder = tmp_path / "adapted"
    folder.mkdir()
    (folder / "adaptation.json").write_text(json.dumps({"curve": [{"step": 9, "perplexity": 5.0}], "pieces": 1000}))
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def adapted_grid(grid_path, adapted, save_grid):
    """A grid with two runs, both of the adapted encoder."""
    data = srsly.read_yaml(grid_path)
    data["encoders"]["tiny"]["none"] = str(adapted)
    data["runs"] = [{**data["runs"][0], "pooling": "mean"}]
    data["comparisons"] = []
    return save_grid(data)


@pytest.mark.parametrize("changed", ["adaptation.json", "model.safetensors"])
def test_a_result_of_an_encoder_that_was_adapted_anew_is_refused(changed, adapted_grid, adapted, trained, run_all):
    run_all(adapted_grid)
    path = adapted / changed
    path.write_bytes(path.read_bytes() + b" ")
    failures = run_all(adapted_grid).failures
    assert len(failures) == 2 and all("encoder.contents" in reason for reason in failures.values())
    assert len(trained) == 2


@pytest.mark.parametrize("is_adapted", [True, False])
def test_a_result_without_a_digest_of_its_encoder(is_adapted, adapted_grid, adapted, tmp_path, trained, run_all):
    run_all(adapted_grid)
    for path in (tmp_path / "results").glob("*.json"):
        record = json.loads(path.read_text())
        del record["identity"]["encoder.contents"]
        path.write_text(json.dumps(record))
    if not is_adapted:
        (adapted / "adaptation.json").unlink()
    assert len(run_all(adapted_grid).failures) == (2 if is_adapted else 0)


def test_a_corpus_that_is_not_there_fails_its_runs_alone(grid_path, tmp_path, trained, run_all):
    (tmp_path / "dev.spacy").unlink()
    progress = run_all(grid_path)
    assert len(progress.failures) == 4 and len(progress.done) == 2
    assert all("BR031" in reason and "dev.spacy" in reason for reason in progress.failures.values())


def test_a_result_says_how_to_repeat_it_and_where_its_encoder_is_from(grid_path, tmp_path, trained, run_all, save_grid):
    encoder = tmp_path / "adapted"
    encoder.mkdir()
    curve = [{"step": 0, "perplexity": 9.0}, {"step": 30, "perplexity": 5.0}]
    (encoder / "adaptation.json").write_text(json.dumps({"curve": curve, "pieces": 1000}))
    data = srsly.read_yaml(grid_path)
    data["encoders"]["tiny"]["none"] = {"whole": str(encoder), "folded": "elsewhere"}
    run_all(save_grid(data))
    record = json.loads((tmp_path / "results" / "whole.tiny.none.mean.default.s1.json").read_text())
    assert record["command"].endswith("--only whole.tiny.none.mean.default.s1")
    assert record["run"]["seed"] == 1 and record["identity"]["config.training.seed"] == 1
    assert {"date", "commit", "machine", "versions"} <= set(record)
    assert record["adaptation"] == {
        "steps": 30,
        "pieces": 1000,
        "perplexity_before": 9.0,
        "perplexity_after": 5.0,
    }


def test_a_grid_that_was_killed_goes_on(grid_path, tmp_path):
    results = tmp_path / "results"
    args = ["run", str(grid_path), "--results", str(results), "--work", str(tmp_path / "work"), "--threads", "1"]
    args += ["--only", "whole*plain*s0", "folded*plain*"]
    command = [sys.executable, "-m", "benchmarks.paper", *args]
    finished = tmp_path / "work" / "folded.tiny.none.plain.default.s0" / "fold-one.json"
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 600
    while not finished.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    whole = results / "whole.tiny.none.plain.default.s0.json"
    before = whole.stat().st_mtime_ns
    fold = json.loads(finished.read_text())
    finished.write_text(json.dumps({**fold, "seconds": {"train": 12345.0, "score": 0.0}}))
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 0, again.stdout
    assert "performed now: 1, finished before: 1, failed: 0" in " ".join(again.stdout.split())
    assert whole.stat().st_mtime_ns == before
    record = json.loads((results / "folded.tiny.none.plain.default.s0.json").read_text())
    assert list(record["folds"]) == ["one", "two"] and not list((tmp_path / "work").iterdir())
    assert record["folds"]["one"]["seconds"]["train"] == 12345.0, "a finished fold is not repeated"
    assert sum(right + missed for right, _, missed in article_counts([record]).values()) == 4


@pytest.fixture
def made(monkeypatch):
    """Grows with each update that is begun; the third is interrupted. The state is kept before each."""
    monkeypatch.setattr(continuation, "INTERVAL", 0.0)
    update, made = RelationExtractor.update, []

    def interrupted_once(self, *args, **kwargs):
        made.append(self)
        if len(made) == 3:
            raise KeyboardInterrupt
        return update(self, *args, **kwargs)

    monkeypatch.setattr(RelationExtractor, "update", interrupted_once)
    return made


def test_a_run_on_one_corpus_that_was_interrupted_goes_on(grid_path, tmp_path, made):
    grid = read_grid(grid_path)
    runs = grid.choose(["whole*plain*s0"])
    with pytest.raises(KeyboardInterrupt):
        perform_all(grid, runs, tmp_path / "results", tmp_path / "work")
    assert len(perform_all(grid, runs, tmp_path / "results", tmp_path / "work").done) == 1
    assert len(made) == 4, "three updates, one of them twice"
    record = json.loads((tmp_path / "results" / "whole.tiny.none.plain.default.s0.json").read_text())
    assert [point["step"] for point in record["curve"]] == [0, 1, 2] and not list((tmp_path / "work").iterdir())


def test_a_run_that_was_interrupted_does_not_go_on_with_other_settings(grid_path, tmp_path, made, save_grid):
    with pytest.raises(KeyboardInterrupt):
        grid = read_grid(grid_path)
        perform_all(grid, grid.choose(["whole*plain*s0"]), tmp_path / "results", tmp_path / "work")
    data = srsly.read_yaml(grid_path)
    data["poolings"]["plain"]["dropout"] = 0.5
    grid = read_grid(save_grid(data))
    perform_all(grid, grid.choose(["whole*plain*s0"]), tmp_path / "results", tmp_path / "work")
    assert len(made) == 6


def test_exit_code_tells_of_failures(grid_path, tmp_path, trained, monkeypatch, capsys):
    (tmp_path / "dev.spacy").unlink()
    args = ["paper", "run", str(grid_path), "--results", str(tmp_path / "r"), "--work", str(tmp_path / "w")]
    for only, code in (("folded*", 0), ("*", 1)):
        monkeypatch.setattr(sys, "argv", [*args, "--only", only, "--threads", "1"])
        with pytest.raises(SystemExit) as caught:
            paper.main()
        assert caught.value.code == code
    assert "failed: 4" in capsys.readouterr().out


def test_folds_without_gold_relations_are_named_and_in_the_exit_code(
    grid_path, tmp_path, trained, without_gold, monkeypatch, capsys
):
    without_gold.add(2)
    args = ["paper", "run", str(grid_path), "--results", str(tmp_path / "r"), "--work", str(tmp_path / "w")]
    monkeypatch.setattr(sys, "argv", [*args, "--only", "folded*", "--threads", "1"])
    for _ in ("performed now", "finished before"):
        with pytest.raises(SystemExit) as caught:
            paper.main()
        assert caught.value.code == 1
        said = capsys.readouterr().out
        assert "failed: 0" in said
        assert "folded.tiny.none.plain.default.s0 has no gold relations to score in two" in " ".join(said.split())
        assert "folded.tiny.none.mean.default.s0 has" not in said
