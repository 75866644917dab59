"""A training that was interrupted goes on, and ends as if nothing had happened."""

import io
import json

import pytest
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config
from thinc.api import Model, Shim

from spacy_biore.component import RelationExtractor
from spacy_biore.crossval.run import claim_output
from spacy_biore.crossval.training import LOG, train_and_score, with_corpora
from spacy_biore.training import continuation
from spacy_biore.training.loop import STATE

MODEL = "relation_extractor/model"
TOK2VEC = {"width": 16, "depth": 1, "embed_size": 50, "pretrained_vectors": None}
PARSER = {
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 8,
    "maxout_pieces": 2,
    "use_upper": True,
    "tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": 16},
}


@pytest.fixture
def config(config_path):
    """A config of thirteen updates, with dropout, in batches of three pairs."""
    config = load_config(config_path)
    config["training"].update(max_steps=12, eval_frequency=4, batcher={"@batchers": "spacy-biore.PairBatcher.v1"})
    config["training"]["batcher"]["size"] = 3
    return config


def add_recogniser(config):
    config["nlp"]["pipeline"] += ["tok2vec", "ner"]
    config["components"] |= {
        "tok2vec": {"factory": "tok2vec", "model": {"@architectures": "spacy.HashEmbedCNN.v2", **TOK2VEC}},
        "ner": {"factory": "ner", "model": {"@architectures": "spacy.TransitionBasedParser.v2", **PARSER}},
    }
    config["training"].update(dropout=0.2)


def files_below(folder):
    return [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]


def outcome(work, result):
    """Return all that a training left and measured, but how long it took."""
    weights = {name: (work / name / MODEL).read_bytes() for name in ("model-best", "model-last")}
    log = [json.loads(line) for line in (work / LOG).read_text().splitlines()]
    scores = {key: value for key, value in result.items() if key != "seconds"}
    scores["meta"] = [json.loads((work / name / "meta.json").read_text()) for name in ("model-best", "model-last")]
    return weights, [{**entry, "scores": None} for entry in log], scores


@pytest.mark.parametrize(("stop", "averages"), [(3, True), (6, False), (11, True)])
def test_a_training_that_was_interrupted_ends_as_without(stop, averages, config, files, updates, tmp_path, monkeypatch):
    config["training"]["optimizer"]["use_averages"] = averages
    monkeypatch.setattr(continuation, "INTERVAL", 0.0)
    expected = outcome(tmp_path / "whole", train_and_score(config, files, tmp_path / "whole"))
    assert updates["n"] == 13
    work = tmp_path / "parts"
    updates.update(n=0, stop=stop)
    with pytest.raises(KeyboardInterrupt):
        train_and_score(config, files, work)
    updates.update(n=0, stop=0)
    table = io.StringIO()
    result = train_and_score(config, files, work, stdout=table)
    assert updates["n"] == 13 - (stop - 1), "updates that were made are not repeated"
    assert f"Going on from update {stop - 1}" in table.getvalue()
    assert outcome(work, result) == expected


@pytest.mark.filterwarnings("ignore:.*BRW27")
@pytest.mark.parametrize("has_recogniser", [False, True])
def test_a_training_is_that_of_spacy(has_recogniser, config, files, tmp_path):
    if has_recogniser:
        # Its updates draw random numbers from the generator that shuffles the batches.
        add_recogniser(config)
    train_and_score(config, files, tmp_path / "ours")
    nlp = init_nlp(with_corpora(config, files.train, files.dev))
    (tmp_path / "theirs").mkdir()
    train(nlp, tmp_path / "theirs", stdout=io.StringIO(), stderr=io.StringIO())
    for name in ("model-best", "model-last"):
        ours, theirs = tmp_path / "ours" / name, tmp_path / "theirs" / name
        for model in (path for path in files_below(ours) if path.name == "model"):
            assert (ours / model).read_bytes() == (theirs / model).read_bytes()
        assert set(map(str, files_below(ours))) == set(map(str, files_below(theirs)))
    best = [json.loads((tmp_path / run / "model-best" / "meta.json").read_text()) for run in ("ours", "theirs")]
    assert best[0]["performance"] == best[1]["performance"]


def test_a_training_goes_on_from_its_last_state(config, files, updates, tmp_path, monkeypatch):
    expected = outcome(tmp_path / "whole", train_and_score(config, files, tmp_path / "whole"))
    clock = iter(range(0, 100_000, 250))
    monkeypatch.setattr(continuation.time, "monotonic", lambda: next(clock))
    updates.update(n=0, stop=8)
    with pytest.raises(KeyboardInterrupt):
        train_and_score(config, files, tmp_path / "parts")
    updates.update(n=0, stop=0)
    result = train_and_score(config, files, tmp_path / "parts")
    assert 6 < updates["n"] < 13
    assert outcome(tmp_path / "parts", result) == expected


def test_a_state_that_cant_be_written_does_not_end_the_training(config, files, tmp_path, monkeypatch):
    def fail(state, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(continuation, "INTERVAL", 0.0)
    monkeypatch.setattr(continuation.torch, "save", fail)
    with pytest.warns(UserWarning, match=r"BRW54.*state\.pt.*No space left"):
        assert train_and_score(config, files, tmp_path / "work")["steps"] == 12
    assert not list((tmp_path / "work").glob("*state.pt*"))


def test_a_state_that_cant_be_read_is_an_error(config, files, tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / STATE).write_bytes(b"PK\x03\x04 half of it")
    with pytest.raises(ValueError, match=r"BR514.*state\.pt"):
        train_and_score(config, files, tmp_path / "work")


@pytest.fixture
def as_in_a_new_process(monkeypatch):
    """A function that lets the ids of thinc's nodes and shims begin at 1: some nodes and shims have one id then."""

    def begin():
        monkeypatch.setattr(Model, "global_id", 0)
        monkeypatch.setattr(Shim, "global_id", 0)

    return begin


@pytest.mark.filterwarnings("ignore:.*BRW27")
def test_what_else_learns_beside_relations_goes_on_too(
    config, files, updates, as_in_a_new_process, tmp_path, monkeypatch
):
    monkeypatch.setattr(continuation, "INTERVAL", 0.0)
    as_in_a_new_process()
    add_recogniser(config)
    expected = outcome(tmp_path / "whole", train_and_score(config, files, tmp_path / "whole"))
    updates.update(n=0, stop=7)
    as_in_a_new_process()
    with pytest.raises(KeyboardInterrupt):
        train_and_score(config, files, tmp_path / "parts")
    updates.update(n=0, stop=0)
    as_in_a_new_process()
    # Other ids than those of the interrupted process.
    Model("another", lambda model, X, is_train: (X, lambda d: d))
    result = train_and_score(config, files, tmp_path / "parts")
    assert updates["n"] == 7
    assert outcome(tmp_path / "parts", result) == expected
    for name in ("tok2vec", "ner"):
        whole, parts = ((tmp_path / run / "model-last" / name / "model").read_bytes() for run in ("whole", "parts"))
        assert whole == parts


def test_a_state_of_other_settings_is_of_no_use(config, files, updates, tmp_path, monkeypatch):
    monkeypatch.setattr(continuation, "INTERVAL", 0.0)
    updates["stop"] = 6
    with pytest.raises(KeyboardInterrupt):
        train_and_score(config, files, tmp_path / "work")
    updates.update(n=0, stop=0)
    config["training"]["optimizer"]["learn_rate"] = 0.5
    table = io.StringIO()
    train_and_score(config, files, tmp_path / "work", stdout=table)
    assert updates["n"] == 13 and "training_state.pt is of another training" in table.getvalue()


def test_batches_that_begin_at_random_are_drawn_again_as_they_were(config, files, updates, tmp_path, monkeypatch):
    monkeypatch.setattr(continuation, "INTERVAL", 0.0)
    config["training"]["seed"] = None
    seen = []
    update = RelationExtractor.update

    def note(self, examples, **kwargs):
        update(self, examples, **kwargs)
        seen.append(sorted(eg.reference.text for eg in examples))

    monkeypatch.setattr(RelationExtractor, "update", note)
    updates["stop"] = 3
    with pytest.raises(KeyboardInterrupt):
        train_and_score(config, files, tmp_path / "work")
    updates["stop"] = 0
    train_and_score(config, files, tmp_path / "work")
    epoch = [text for batch in seen[:4] for text in batch]
    assert len(epoch) == len(set(epoch)) == 12, "each document once in an epoch, across the interruption"


def test_a_folder_without_a_finished_fold_keeps_its_state_for_the_same_run_alone(tmp_path):
    state = tmp_path / "work" / "1" / STATE
    for identity, is_kept in (({"seed": 0}, True), ({"seed": 1}, False)):
        claim_output(tmp_path, {"seed": 0})
        state.parent.mkdir(parents=True, exist_ok=True)
        state.touch()
        claim_output(tmp_path, identity)
        assert state.exists() == is_kept
