"""One training run and its scores."""

import io

import pytest
from spacy.util import load_config

from spacy_biore.crossval.training import train_and_score, with_corpora


@pytest.fixture
def config(config_path):
    return load_config(config_path)


def test_a_run_reports_all_that_it_measured(config, files, tmp_path):
    table = io.StringIO()
    result = train_and_score(config, files, tmp_path / "work", stdout=table)
    assert result["documents"] == {"train": 12, "dev": 12, "test": 12}
    assert (result["model"], result["steps"]) == ("best", 2)
    assert [point["step"] for point in result["curve"]] == [0, 1, 2]
    # Dev and test are the same docs here, so that all ways to score them must agree.
    assert result["dev"]["rel_micro_f"] == result["test"]["rel_micro_f"]
    assert max(point["f"] for point in result["curve"]) == pytest.approx(result["dev"]["rel_micro_f"], abs=1e-4)
    assert result["tuned"]["dev"] == {key: result["tuned"]["test"][key] for key in result["tuned"]["dev"]}
    assert result["tuned"]["dev"]["rel_micro_f"] >= result["dev"]["rel_micro_f"]
    assert set(result["tuned"]["thresholds"]) == {"relation_extractor"}
    assert "INFO" not in table.getvalue() and "SCORE" in table.getvalue()


def test_counts_of_articles_add_up(config, files, tmp_path):
    result = train_and_score(config, files, tmp_path / "work")
    for one in (result, result["tuned"]):
        scores, articles = one["test"], one["articles"]
        counts = [list(map(int, line.split())) for line in articles.values()]
        right, spurious, missed = map(sum, zip(*counts, strict=True))
        assert (right, spurious, right + missed) == (scores["found"], scores["spurious"], scores["gold"])
        assert set(articles) == {"a", "b", "c"}


def test_without_a_development_corpus_the_last_model_is_taken(config, files, tmp_path):
    result = train_and_score(config, files._replace(dev=None), tmp_path / "work")
    assert (result["model"], result["curve"], result["dev"], result["tuned"]) == ("last", [], None, None)
    assert result["documents"]["dev"] == 0 and result["test"]["gold"] == 6


def test_a_training_too_short_to_be_evaluated_is_an_error_before_it(config, files, tmp_path):
    config["training"].update(max_steps=2, eval_frequency=3)
    with pytest.raises(ValueError, match=r"BR507.*training.max_steps 2 ends .* before update 3"):
        train_and_score(config, files, tmp_path / "work")
    assert not list((tmp_path / "work").glob("model-*"))
    assert train_and_score(config, files._replace(dev=None), tmp_path / "work")["model"] == "last"


def test_a_training_that_ended_before_it_was_evaluated_is_an_error(config, files, tmp_path):
    config["training"].update(max_steps=0, max_epochs=1, eval_frequency=1000)
    with pytest.raises(ValueError, match="BR507.*training.max_epochs or .* before update 1000"):
        train_and_score(config, files, tmp_path / "work")


def test_a_development_corpus_without_gold_relations_chooses_nothing(config, files, sentence, save, tmp_path):
    dev = save("other.spacy", [sentence("d", 0, related=False)])
    with pytest.warns(UserWarning, match="BRW53"):
        result = train_and_score(config, files._replace(dev=dev), tmp_path / "work")
    assert (result["model"], result["dev"], result["tuned"]) == ("last", None, None)


def test_a_test_corpus_without_gold_relations_has_no_scores(config, files, sentence, save, tmp_path):
    test = save("other.spacy", [sentence("d", 0, related=False)])
    result = train_and_score(config, files._replace(test=test), tmp_path / "work")
    assert result["test"]["rel_micro_f"] is None and result["test"]["gold"] == 0


def test_a_label_that_was_not_learned_counts_as_missed(config, files, sentence, save, tmp_path):
    unknown = sentence("d", 0)
    unknown.user_data["biore_relations"][0]["label"] = "BINDS"
    test = save("other.spacy", [unknown])
    result = train_and_score(config, files._replace(test=test), tmp_path / "work")
    assert result["test"]["gold"] == 1 and result["test"]["found"] == 0


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda config: config["corpora"].pop("dev"), r"no path in \[corpora.dev\]"),
        (lambda config: config["corpora"]["train"].pop("path"), r"no path in \[corpora.train\]"),
        (lambda config: config["training"].update(dev_corpus="corpora.train"), "corpora.train is both"),
    ],
)
def test_a_config_without_a_place_for_the_corpora_is_an_error(config, files, tmp_path, change, problem):
    change(config)
    with pytest.raises(ValueError, match=f"BR501.*{problem}"):
        train_and_score(config, files, tmp_path / "work")


def test_the_config_itself_is_not_changed(config, files):
    before = config.copy()
    with_corpora(config, files.train, files.dev)
    assert config == before


def test_a_config_without_extractor_ends_before_training(config, files, tmp_path):
    config["nlp"]["pipeline"], config["components"] = ["sentencizer"], {"sentencizer": {"factory": "sentencizer"}}
    with pytest.raises(ValueError, match="BR301"):
        train_and_score(config, files, tmp_path / "work")
    assert not list((tmp_path / "work").glob("model-*"))


def test_without_a_development_corpus_no_patience_ends_the_training(config, files, tmp_path):
    config["training"].update(max_steps=6, eval_frequency=1, patience=2)
    assert train_and_score(config, files._replace(dev=None), tmp_path / "work")["steps"] == 6


def test_a_training_that_nothing_would_end_is_an_error(config, files, tmp_path):
    config["training"].update(max_steps=0, max_epochs=0, patience=2)
    with pytest.raises(ValueError, match="BR509"):
        train_and_score(config, files._replace(dev=None), tmp_path / "work")
