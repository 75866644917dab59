"""How probable a relation must be: the settings ``threshold`` and ``label_thresholds``."""

import pytest
from spacy.training import Example
from spacy.util import load_model_from_config
from thinc.api import Config

from spacy_biore.errors import BioreError
from spacy_biore.relations import get_records

MARKED = "[aspirin|CHEMICAL] inhibits [cox|GENE] and [ab|GENE]."


@pytest.fixture(scope="module")
def examples(make_example) -> list[Example]:
    return [make_example(MARKED, [(0, 1, "INHIBITS"), (1, 2, "BINDS")])]


def test_thresholds_are_read_when_predicting(make_nlp, examples, make_doc):
    nlp = make_nlp(threshold=0.0)
    nlp.initialize(lambda: examples)
    extractor = nlp.get_pipe("relation_extractor")
    doc = make_doc(MARKED)
    scores = sorted(record["score"] for record in get_records(extractor(doc)))
    extractor.cfg["threshold"] = (scores[0] + scores[1]) / 2
    assert len(get_records(extractor(doc))) == 2
    # As `spacy find-threshold` does it.
    extractor.cfg = {**extractor.cfg, "threshold": 1.0}
    assert get_records(extractor(doc)) == []
    extractor.cfg["label_thresholds"] = {"BINDS": 0.0}
    # Only where the types permit it, however low the threshold.
    assert [record["label"] for record in get_records(extractor(doc))] == ["BINDS"]


def test_natural_threshold_is_that_of_the_null_class(make_nlp, examples, make_doc):
    nlp = make_nlp()
    nlp.initialize(lambda: examples)
    extractor = nlp.get_pipe("relation_extractor")
    classifier = extractor.model.shims[0].network.classifier
    for bias, expected in (([9.0, 0, 0], 0), ([0, 9.0, 9.0], 3)):
        classifier.bias.data = classifier.bias.new_tensor(bias)
        assert len(get_records(extractor(make_doc(MARKED)))) == expected


@pytest.mark.parametrize("config", [{"threshold": 1.5}, {"label_thresholds": [["BINDS", -0.1]]}])
def test_threshold_out_of_range(make_nlp, config):
    with pytest.raises(BioreError, match="BR005"):
        make_nlp(**config)


def test_thresholds_of_labels_that_could_not_be_keys_of_a_config(make_nlp):
    schema = [
        {"label": "CPR:3", "head": "CHEMICAL", "tail": "GENE"},
        {"label": "a = b", "head": "GENE", "tail": "GENE"},
    ]
    nlp = make_nlp(labels=schema, label_thresholds=[["CPR:3", 0.25], ["a = b", 0.5]])
    loaded = load_model_from_config(Config().from_str(nlp.config.to_str()))
    assert loaded.get_pipe("relation_extractor").cfg["label_thresholds"] == {"CPR:3": 0.25, "a = b": 0.5}


@pytest.mark.parametrize(
    "pairs", [[["BINDS", 0.25], ["BINDS", 0.5]], [["BINDS"]], [["BINDS", "high"]], [["BINDS", True]], [[1, 0.5]]]
)
def test_entries_that_are_not_one_threshold_a_label(make_nlp, pairs):
    with pytest.raises(BioreError, match="BR007"):
        make_nlp(label_thresholds=pairs)


def test_threshold_of_an_unknown_label(make_nlp, examples):
    with pytest.raises(BioreError, match=r"BR002.*CURES.*INHIBITS, BINDS"):
        make_nlp(label_thresholds=[["CURES", 0.5]])
    nlp = make_nlp(labels=[], label_thresholds=[["CURES", 0.5]])
    with pytest.raises(BioreError, match=r"BR002.*CURES"):
        nlp.initialize(lambda: examples)


def test_thresholds_in_cfg_may_look_as_in_a_config(make_nlp, make_doc, examples):
    nlp = make_nlp()
    nlp.initialize(lambda: examples)
    extractor = nlp.get_pipe("relation_extractor")
    extractor.cfg["label_thresholds"] = [["BINDS", 0.0], ["INHIBITS", 1.0]]
    assert {record["label"] for record in get_records(extractor(make_doc(MARKED)))} == {"BINDS"}
    extractor.cfg["threshold"] = "0.4"
    with pytest.raises(BioreError, match="BR005.*'0.4'"):
        extractor(make_doc(MARKED))
