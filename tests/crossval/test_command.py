"""``python -m spacy biore crossval``: what it prints and saves, how it goes on, and how it fails."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from spacy_biore.crossval import run as crossval_run
from spacy_biore.run_folder import sole_use

ARTICLES = "abcdef"


def results(output):
    return {path.name: json.loads(path.read_text()) for path in sorted(output.glob("fold-*.json"))}


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def crossval(biore, config_path, output):
    """A function that runs the command on a corpus."""
    return partial(biore, "crossval", config_path, "--output", output)


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


def test_every_fold_is_trained_scored_and_summed_up(crossval, output, corpus):
    result = crossval(corpus, "--folds", 3, "--dev", 0.3)
    assert result.code == 0, result.output
    found = results(output)
    assert list(found) == ["fold-1.json", "fold-2.json", "fold-3.json"]
    assert [one["documents"] for one in found.values()] == [{"train": 6, "dev": 2, "test": 4}] * 3
    tested = [article for one in found.values() for article in one["articles"]]
    assert sorted(tested) == list(ARTICLES)
    summary = json.loads((output / "summary.json").read_text())
    f = [one["test"]["rel_micro_f"] for one in found.values()]
    assert summary["mean"]["f"] == pytest.approx(sum(f) / 3)
    (mean,) = [row for row in result.rows if row[:1] == ["mean"]]
    assert mean[3] == f"{100 * summary['mean']['f']:.1f}" and len(mean) == 7
    assert [row[:3] for row in result.rows if row[:1] == ["all"]] == [["all", "folds", "pooled"]]
    assert not (output / "work").exists()


def test_values_of_the_config_can_be_set(crossval, output, corpus):
    result = crossval(corpus, "--folds", 2, "--dev", 0, "--training.max_steps", 1)
    assert result.code == 0, result.output
    assert [one["steps"] for one in results(output).values()] == [1, 1]


def test_finished_folds_are_not_repeated(crossval, output, corpus, trained):
    assert crossval(corpus, "--folds", 3, "--dev", 0).code == 0
    (output / "fold-2.json").unlink()
    before = (output / "fold-1.json").stat().st_mtime_ns
    assert crossval(corpus, "--folds", 3, "--dev", 0).code == 0
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
def test_a_folder_of_another_run_is_refused(crossval, args, different, corpus, trained):
    given = {"--folds": "3", "--dev": "0"}
    crossval(corpus, *sum(given.items(), ()))
    result = crossval(corpus, *sum({**given, args[0]: args[1]}.items(), ()))
    assert result.failed("BR407", f"in: {different}.") and len(trained) == 3


def test_a_folder_of_another_corpus_is_refused(crossval, corpus, sentence, save, trained):
    crossval(corpus, "--folds", 3, "--dev", 0)
    save("corpus.spacy", [sentence(article, 0) for article in ARTICLES])
    assert crossval(corpus, "--folds", 3, "--dev", 0).failed("corpus.corpus.spacy") and len(trained) == 3


def test_a_folder_without_a_finished_fold_may_become_that_of_another_run(
    crossval, output, corpus, trained, monkeypatch
):
    train = crossval_run.train_and_score

    def fail(config, files, work, **kwargs):
        raise RuntimeError("no such encoder")

    monkeypatch.setattr(crossval_run, "train_and_score", fail)
    assert crossval(corpus, "--folds", 3, "--dev", 0).failed("no such encoder")
    (output / "mine.txt").touch()
    monkeypatch.setattr(crossval_run, "train_and_score", train)
    assert crossval(corpus, "--folds", 2, "--dev", 0).code == 0
    names = {path.name for path in output.iterdir()}
    assert names == {"run.json", "fold-1.json", "fold-2.json", "summary.json", "mine.txt"}
    assert json.loads((output / "run.json").read_text())["folds"] == 2


def test_a_folder_work_of_the_user_is_not_touched(crossval, output, corpus, trained):
    thesis = output / "work" / "thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("precious")
    assert crossval(corpus, "--folds", 3, "--dev", 0).failed("BR420", "thesis.txt")
    assert thesis.read_text() == "precious" and not trained


def test_two_commands_at_once_in_one_folder(crossval, output, corpus, trained):
    with sole_use(output):
        assert crossval(corpus, "--folds", 3, "--dev", 0).failed("BR419") and not trained


def test_a_fold_without_gold_relations_is_named_and_not_in_the_mean(crossval, output, sentence, save, tmp_path):
    for name in "abc":
        save(f"folds/{name}.spacy", [sentence(name, number, related=name != "b") for number in range(3)])
    result = crossval(tmp_path / "folds", "--by", "file", "--dev", 0)
    assert result.failed("Fold b has no gold relations", "mean (2 of 3 folds)")
    (row,) = [row for row in result.rows if row[:1] == ["b"]]
    assert row[1:3] == ["3", "0"] and row[-3:] == ["-", "-", "-"]
    summary = json.loads((output / "summary.json").read_text())
    assert summary["without_gold_relations"] == ["b"] and summary["scored"] == 2


def test_a_fold_that_fails_is_named_and_the_rest_goes_on(crossval, output, corpus, monkeypatch, trained):
    train = crossval_run.train_and_score

    def fail_once(config, files, work, **kwargs):
        result = train(config, files, work, **kwargs)
        if len(trained) == 2:
            raise RuntimeError("out of memory")
        return result

    monkeypatch.setattr(crossval_run, "train_and_score", fail_once)
    result = crossval(corpus, "--folds", 3, "--dev", 0)
    assert result.failed("Fold 2 failed", "out of memory", "mean (2 of 3 folds)", "2 of 3 folds pooled")
    assert not (output / "work").exists()
    assert set(results(output)) == {"fold-1.json", "fold-3.json"}
    assert "fail_once" in (output / "fold-2.error.txt").read_text()
    assert json.loads((output / "summary.json").read_text())["failed"] == {"2": "RuntimeError: out of memory"}
    again = crossval(corpus, "--folds", 3, "--dev", 0)
    assert again.code == 0 and len(trained) == 4 and not (output / "fold-2.error.txt").exists()


def test_overlapping_fold_files_stop_before_anything_is_trained(crossval, output, sentence, save, tmp_path, trained):
    for name in "ab":
        save(f"folds/{name}.spacy", [sentence(name, 0), sentence("x", 0)])
    assert crossval(tmp_path / "folds", "--by", "file").failed("BR504")
    assert not trained and not output.exists()


def test_a_number_of_folds_does_not_go_with_files(crossval, tmp_path):
    assert crossval(tmp_path, "--by", "file", "--folds", 3).failed("BR506")


def test_division_by_instance_says_what_leaks(crossval, make_doc, save, trained):
    text = "[drug|CHEMICAL] blocks [cox|GENE] and [qrx|GENE]."
    corpus = save("corpus.spacy", [make_doc(f"Text {i}. {text}", [(0, 1, "INHIBITS")]) for i in range(2)])
    result = crossval(corpus, "--by", "instance", "--folds", 4, "--dev", 0)
    assert result.code == 0, result.output
    assert "4 instances of 2 documents" in result.output
    assert "BRW50" in result.output and "2 of 2 articles" in result.output


def test_sentences_of_unknown_articles_are_warned_of(crossval, make_doc, save, trained):
    docs = [make_doc(f"[drug{i}|CHEMICAL] blocks [cox|GENE].", [(0, 1, "INHIBITS")]) for i in range(4)]
    result = crossval(save("c.spacy", docs), "--folds", 2, "--dev", 0)
    assert result.code == 0 and "BRW52" in result.output


@pytest.mark.parametrize(("name", "code"), [("nowhere.spacy", "BR031"), ("broken.spacy", "BR305")])
def test_a_corpus_that_cannot_be_read_is_named(crossval, name, code, tmp_path):
    (tmp_path / "broken.spacy").write_bytes(b"broken")
    assert crossval(tmp_path / name).failed(code, name)


def test_an_output_that_cannot_be_written_is_named(biore, config_path, corpus):
    assert biore("crossval", config_path, corpus, "--output", corpus / "out", "--folds", 3).failed("BR306")


def test_a_killed_run_goes_on_where_it_was(biore, config_path, output, corpus):
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
    result = biore("crossval", *args)
    assert result.code == 0, result.output
    assert len(results(output)) == 3
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert not [path for path in output.iterdir() if Path(path).name.startswith(".")]
