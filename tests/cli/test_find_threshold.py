"""``python -m spacy biore find-threshold``: which threshold it chooses, what it saves, and how it fails."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_biore.predictions import Predictions
from spacy_biore.threshold_search import best_trial, try_thresholds

SENTENCE = "[aspirin|CHEMICAL] blocks [ptgs|GENE] ."


@pytest.fixture(scope="module")
def nlp(make_nlp: Callable[..., Language], make_example: Callable[..., Any]) -> Language:
    nlp = make_nlp()
    nlp.initialize(lambda: [make_example(SENTENCE, [(0, 1, "INHIBITS")])])
    return nlp


@pytest.fixture(scope="module")
def model(nlp: Language, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("threshold") / "model"
    nlp.to_disk(path)
    return path


@pytest.fixture(scope="module")
def corpus(make_doc: Callable[..., Doc], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("threshold") / "dev.spacy"
    docs = [make_doc(SENTENCE, [(0, 1, "INHIBITS")]), make_doc(SENTENCE)]
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


def test_the_best_threshold_parts_right_from_wrong(nlp: Language, make_doc: Any, monkeypatch: Any):
    extractor = nlp.get_pipe("relation_extractor")
    # Right relations are 0.32 and 0.44 probable, a wrong one 0.27.
    docs = [make_doc(SENTENCE, [(0, 1, "INHIBITS")] if i != 1 else []) for i in range(3)]

    def predict(batch: list[Doc]) -> Predictions:
        scores = np.array([[0.32, 0.0], [0.27, 0.0], [0.44, 0.0]], dtype=np.float32)
        return Predictions(extractor.get_candidates(batch), np.arange(3), scores, scores)

    monkeypatch.setattr(extractor, "predict", predict)
    trials = try_thresholds(nlp, extractor, docs)
    f = {trial.threshold: trial.tally.micro.fscore for trial in trials}
    assert best_trial(trials).threshold == 0.3
    assert (
        f[None] == f[0.5] == 0.0 and f[0.3] == 1.0 and f[0.25] == pytest.approx(0.8) and f[0.35] == pytest.approx(2 / 3)
    )
    assert extractor.cfg["threshold"] is None


@pytest.fixture
def sentences(nlp: Language) -> Iterator[None]:
    nlp.add_pipe("sentencizer", first=True)
    yield
    nlp.remove_pipe("sentencizer")


@pytest.fixture
def recogniser(nlp: Language, sentences: None) -> Iterator[None]:
    """A recogniser that knows aspirin, but not ibuprofen."""
    ruler = nlp.add_pipe("entity_ruler", first=True)
    ruler.add_patterns([{"label": "CHEMICAL", "pattern": "aspirin"}, {"label": "GENE", "pattern": "ptgs"}])
    yield
    nlp.remove_pipe("entity_ruler")


@pytest.mark.usefixtures("recogniser")
def test_end_to_end_the_recogniser_counts(nlp: Language, make_doc: Any, monkeypatch: Any):
    extractor = nlp.get_pipe("relation_extractor")
    other = SENTENCE.replace("aspirin", "ibuprofen")
    docs = [make_doc(text, [(0, 1, "INHIBITS")]) for text in (SENTENCE, other)]

    def predict(batch: list[Doc]) -> Predictions:
        candidates = extractor.get_candidates(batch)
        n_pairs = sum(map(len, candidates))
        scores = np.tile(np.array([[0.4, 0.0]], dtype=np.float32), (n_pairs, 1))
        return Predictions(candidates, np.arange(n_pairs), scores, scores)

    monkeypatch.setattr(extractor, "predict", predict)
    tallies = {t.threshold: t.tally.micro for t in try_thresholds(nlp, extractor, docs, end_to_end=True)}
    assert (tallies[0.4].tp, tallies[0.4].fp, tallies[0.4].fn) == (1, 0, 1)
    assert tallies[0.45].fscore == 0.0
    given_gold = {t.threshold: t.tally.micro.fscore for t in try_thresholds(nlp, extractor, docs)}
    assert given_gold[0.4] == 1.0


@pytest.mark.usefixtures("recogniser")
def test_end_to_end_scores_are_those_of_evaluate(biore: Any, nlp: Language, make_doc: Any, tmp_path: Path):
    corpus = tmp_path / "dev.spacy"
    texts = (SENTENCE, SENTENCE.replace("aspirin", "ibuprofen"))
    docs = [make_doc(text, [(0, 1, "INHIBITS")]) for text in texts]
    DocBin(docs=docs, store_user_data=True).to_disk(corpus)
    nlp.to_disk(tmp_path / "pipeline")
    result = biore("find-threshold", tmp_path / "pipeline", corpus, "--end-to-end", "--output", tmp_path / "tuned")
    assert result.code == 0, result.output
    (best,) = [row for row in result.rows if row[-1:] == ["best"]]
    assert biore("evaluate", tmp_path / "tuned", corpus, "-e", "--output", tmp_path / "scores.json").code == 0
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["rel_micro_f"] * 100 == pytest.approx(float(best[3]), abs=0.05)
    assert scores["lost"]["entity missed"] == 1


@pytest.mark.usefixtures("sentences")
def test_end_to_end_without_a_recogniser_is_warned_of(biore: Any, nlp: Language, corpus: Path, tmp_path: Path):
    nlp.to_disk(tmp_path / "model")
    result = biore("find-threshold", tmp_path / "model", corpus, "--end-to-end", "--output", tmp_path / "tuned")
    assert "BRW01" in result.output and result.failed("BR310", "--end-to-end")
    assert not (tmp_path / "tuned").exists()


def test_ties_go_to_the_natural_threshold(nlp: Language, corpus: Path):
    extractor = nlp.get_pipe("relation_extractor")
    trials = try_thresholds(nlp, extractor, [], thresholds=[0.1, 0.2])
    assert [trial.threshold for trial in trials] == [None, 0.1, 0.2]
    assert best_trial(trials).threshold is None


def test_saves_a_pipeline_with_the_threshold(biore: Any, model: Path, corpus: Path, tmp_path: Path):
    result = biore("find-threshold", model, corpus, "--output", tmp_path / "new" / "tuned")
    assert result.code == 0, result.output
    best = [row for row in result.rows if row[-1:] == ["best"]]
    assert len(best) == 1 and ["natural"] in [row[:1] for row in result.rows]
    tuned = spacy.load(tmp_path / "new" / "tuned")
    threshold = None if best[0][0] == "natural" else float(best[0][0])
    assert tuned.get_pipe("relation_extractor").cfg["threshold"] == threshold
    assert tuned.config["components"]["relation_extractor"]["threshold"] == threshold
    assert tuned.meta["performance"]["rel_micro_f"] * 100 == pytest.approx(float(best[0][3]), abs=0.05)
    assert spacy.load(model).get_pipe("relation_extractor").cfg["threshold"] is None


def test_without_output_nothing_is_saved(biore: Any, model: Path, corpus: Path, tmp_path: Path, monkeypatch: Any):
    monkeypatch.chdir(tmp_path)
    assert biore("find-threshold", model, corpus).code == 0
    assert not list(tmp_path.iterdir())


def test_a_corpus_without_gold_relations_is_an_error(biore: Any, model: Path, make_doc: Any, tmp_path: Path):
    DocBin(docs=[make_doc(SENTENCE)], store_user_data=True).to_disk(tmp_path / "dev.spacy")
    assert biore("find-threshold", model, tmp_path / "dev.spacy").failed("BR308")


def test_an_unknown_name_is_an_error(biore: Any, model: Path, corpus: Path):
    assert biore("find-threshold", model, corpus, "--name", "relations").failed("BR309", "relation_extractor")


def test_an_output_that_cannot_be_written_is_an_error(biore: Any, model: Path, corpus: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    assert biore("find-threshold", model, corpus, "--output", tmp_path / "file").failed("BR306")


def test_the_model_is_not_overwritten(biore: Any, model: Path, corpus: Path):
    assert biore("find-threshold", model, corpus, "--output", model).failed("BR610")


def test_a_folder_of_other_files_is_left_alone(biore: Any, model: Path, corpus: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("")
    assert biore("find-threshold", model, corpus, "--output", tmp_path / "out").failed("BR611")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]


def test_only_gold_relations_of_the_chosen_extractor_count(
    biore: Any, nlp: Language, make_doc: Any, make_nlp: Any, make_example: Any, tmp_path: Path
):
    two = make_nlp(labels=[{"label": "INHIBITS", "head": "CHEMICAL", "tail": "GENE"}])
    model = two.get_pipe_config("relation_extractor")["model"]
    binds = [{"label": "BINDS", "head": ["CHEMICAL", "GENE"], "tail": "GENE"}]
    two.add_pipe("relation_extractor", name="binding", config={"model": model, "relation_types": binds})
    two.initialize(lambda: [make_example(SENTENCE, [(0, 1, "INHIBITS")])])
    two.to_disk(tmp_path / "two")
    DocBin(docs=[make_doc(SENTENCE, [(0, 1, "INHIBITS")])], store_user_data=True).to_disk(tmp_path / "dev.spacy")
    result = biore("find-threshold", tmp_path / "two", tmp_path / "dev.spacy", "--name", "binding")
    assert result.failed("BR308", "BINDS")
