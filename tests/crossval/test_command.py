"""``python -m spacy biore crossval``: what it prints and saves, how it goes on, and how it fails."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_biore.cli import biore_cli
from spacy_biore.crossval import run as crossval_run

ARTICLES = "abcdef"


def run(*args):
    return CliRunner().invoke(biore_cli, ["crossval", *map(str, args)])


def results(output):
    return {path.name: json.loads(path.read_text()) for path in sorted(output.glob("fold-*.json"))}


@pytest.fixture
def corpus(sentence, save):
    docs = [sentence(article, number, related=number == 0) for article in ARTICLES for number in range(2)]
    return save("corpus.spacy", docs)


@pytest.fixture
def trained(monkeypatch):
    """Grows by one for each fold that is trained; nothing is really trained."""
    seen = []

    def train(config, files, work, **kwargs):
        seen.append(len(seen))
        scores = {"rel_micro_p": 1.0, "rel_micro_r": 0.5, "rel_micro_f": 2 / 3}
        counts = {"documents": 4, "gold": 2, "predicted": 1, "found": 1, "spurious": 0}
        return {"test": {**scores, **counts}, "tuned": None}

    monkeypatch.setattr(crossval_run, "train_and_score", train)
    return seen


def test_every_fold_is_trained_scored_and_summed_up(config_path, corpus, tmp_path):
    output = tmp_path / "out"
    result = run(config_path, corpus, "--output", output, "--folds", 3, "--dev", 0.3)
    assert result.exit_code == 0, result.output
    found = results(output)
    assert list(found) == ["fold-1.json", "fold-2.json", "fold-3.json"]
    assert [one["documents"] for one in found.values()] == [{"train": 6, "dev": 2, "test": 4}] * 3
    tested = [article for one in found.values() for article in one["articles"]]
    assert sorted(tested) == list(ARTICLES)
    summary = json.loads((output / "summary.json").read_text())
    f = [one["test"]["rel_micro_f"] for one in found.values()]
    assert summary["mean"]["f"] == pytest.approx(sum(f) / 3)
    lines = [line.split() for line in result.output.splitlines()]
    (mean,) = [line for line in lines if line[:1] == ["mean"]]
    assert mean[3] == f"{100 * summary['mean']['f']:.1f}" and len(mean) == 7
    assert [line[:3] for line in lines if line[:1] == ["all"]] == [["all", "folds", "pooled"]]
    assert not (output / "work").exists()


def test_values_of_the_config_can_be_set(config_path, corpus, tmp_path):
    output = tmp_path / "out"
    result = run(config_path, corpus, "--output", output, "--folds", 2, "--dev", 0, "--training.max_steps", 1)
    assert result.exit_code == 0, result.output
    assert [one["steps"] for one in results(output).values()] == [1, 1]


def test_finished_folds_are_not_repeated(config_path, corpus, tmp_path, trained):
    output = tmp_path / "out"
    assert run(config_path, corpus, "--output", output, "--folds", 3, "--dev", 0).exit_code == 0
    (output / "fold-2.json").unlink()
    before = (output / "fold-1.json").stat().st_mtime_ns
    assert run(config_path, corpus, "--output", output, "--folds", 3, "--dev", 0).exit_code == 0
    assert len(trained) == 4
    assert len(results(output)) == 3 and (output / "fold-1.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("args", "different"),
    [
        (["--training.max_steps", "7"], "config.training.max_steps"),
        (["--folds", "2"], "folds"),
        (["--by", "instance"], "by"),
        (["--dev", "0.3"], "dev"),
        (["--seed", "1"], "seed"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*BRW50")
def test_a_folder_of_another_run_is_refused(args, different, config_path, corpus, tmp_path, trained):
    output = tmp_path / "out"
    given = {"--folds": "3", "--dev": "0", "--output": str(output)}
    run(config_path, corpus, *sum(given.items(), ()))
    result = run(config_path, corpus, *sum({**given, args[0]: args[1]}.items(), ()))
    assert result.exit_code == 1 and "BR407" in result.output and f"in: {different}." in result.output
    assert len(trained) == 3


def test_a_folder_of_another_corpus_is_refused(config_path, corpus, sentence, save, tmp_path, trained):
    run(config_path, corpus, "--output", tmp_path / "out", "--folds", 3, "--dev", 0)
    save("corpus.spacy", [sentence(article, 0) for article in ARTICLES])
    result = run(config_path, corpus, "--output", tmp_path / "out", "--folds", 3, "--dev", 0)
    assert result.exit_code == 1 and "corpus.corpus.spacy" in result.output and len(trained) == 3


def test_a_fold_without_gold_relations_is_named_and_not_in_the_mean(config_path, sentence, save, tmp_path):
    for name in "abc":
        save(f"folds/{name}.spacy", [sentence(name, number, related=name != "b") for number in range(3)])
    result = run(config_path, tmp_path / "folds", "--output", tmp_path / "out", "--by", "file", "--dev", 0)
    assert result.exit_code == 1
    assert "Fold b has no gold relations" in result.output and "mean (2 of 3 folds)" in result.output
    (row,) = [line.split() for line in result.output.splitlines() if line.startswith("b ")]
    assert row[1:3] == ["3", "0"] and row[-3:] == ["-", "-", "-"]
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["without_gold_relations"] == ["b"] and summary["scored"] == 2


def test_a_fold_that_fails_is_named_and_the_rest_goes_on(config_path, corpus, tmp_path, monkeypatch, trained):
    train = crossval_run.train_and_score

    def fail_once(config, files, work, **kwargs):
        result = train(config, files, work, **kwargs)
        if len(trained) == 2:
            raise RuntimeError("out of memory")
        return result

    monkeypatch.setattr(crossval_run, "train_and_score", fail_once)
    output = tmp_path / "out"
    result = run(config_path, corpus, "--output", output, "--folds", 3, "--dev", 0)
    assert result.exit_code == 1 and "Fold 2 failed" in result.output and "out of memory" in result.output
    assert set(results(output)) == {"fold-1.json", "fold-3.json"}
    assert "fail_once" in (output / "fold-2.error.txt").read_text()
    assert json.loads((output / "summary.json").read_text())["failed"] == {"2": "RuntimeError: out of memory"}
    again = run(config_path, corpus, "--output", output, "--folds", 3, "--dev", 0)
    assert again.exit_code == 0 and len(trained) == 4 and not (output / "fold-2.error.txt").exists()


def test_overlapping_fold_files_stop_before_anything_is_trained(config_path, sentence, save, tmp_path, trained):
    for name in "ab":
        save(f"folds/{name}.spacy", [sentence(name, 0), sentence("x", 0)])
    result = run(config_path, tmp_path / "folds", "--output", tmp_path / "out", "--by", "file")
    assert result.exit_code == 1 and "BR504" in result.output and not trained and not (tmp_path / "out").exists()


def test_a_number_of_folds_does_not_go_with_files(config_path, tmp_path):
    result = run(config_path, tmp_path, "--output", tmp_path / "out", "--by", "file", "--folds", 3)
    assert result.exit_code == 1 and "BR506" in result.output


def test_division_by_instance_says_what_leaks(config_path, make_doc, save, tmp_path, trained):
    text = "[drug|CHEMICAL] blocks [cox|GENE] and [qrx|GENE]."
    corpus = save("corpus.spacy", [make_doc(f"Text {i}. {text}", [(0, 1, "INHIBITS")]) for i in range(2)])
    result = run(config_path, corpus, "--output", tmp_path / "out", "--by", "instance", "--folds", 4, "--dev", 0)
    assert result.exit_code == 0, result.output
    assert "4 instances of 2 documents" in result.output
    assert "BRW50" in result.output and "2 of 2 articles" in result.output


def test_sentences_of_unknown_articles_are_warned_of(config_path, make_doc, save, tmp_path, trained):
    docs = [make_doc(f"[drug{i}|CHEMICAL] blocks [cox|GENE].", [(0, 1, "INHIBITS")]) for i in range(4)]
    result = run(config_path, save("c.spacy", docs), "--output", tmp_path / "out", "--folds", 2, "--dev", 0)
    assert result.exit_code == 0 and "BRW52" in result.output


@pytest.mark.parametrize(("name", "code"), [("nowhere.spacy", "BR031"), ("broken.spacy", "BR305")])
def test_a_corpus_that_cannot_be_read_is_named(name, code, config_path, tmp_path):
    (tmp_path / "broken.spacy").write_bytes(b"broken")
    result = run(config_path, tmp_path / name, "--output", tmp_path / "out")
    assert result.exit_code == 1 and code in result.output and name in result.output.replace("\n", "")


def test_an_output_that_cannot_be_written_is_named(config_path, corpus, tmp_path):
    result = run(config_path, corpus, "--output", corpus / "out", "--folds", 3)
    assert result.exit_code == 1 and "BR306" in result.output


def test_a_killed_run_goes_on_where_it_was(config_path, corpus, tmp_path):
    output = tmp_path / "out"
    args = list(map(str, [config_path, corpus, "--output", output, "--folds", 3, "--dev", 0]))
    command = [sys.executable, "-m", "spacy", "biore", "crossval", *args]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 600
    while not (output / "fold-1.json").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    finished = {path: path.stat().st_mtime_ns for path in output.glob("fold-*.json")}
    assert finished
    result = run(*args)
    assert result.exit_code == 0, result.output
    assert len(results(output)) == 3
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert not [path for path in output.iterdir() if Path(path).name.startswith(".")]
