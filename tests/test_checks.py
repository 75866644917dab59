"""What a pipeline and a corpus are warned of, and what several extractors in one pipeline mean for each other."""

import warnings

import pytest
import spacy
from spacy.language import Language

from spacy_biore.relations import get_records

MARKED = "[aspirin|CHEMICAL] inhibits [cox|GENE] and [ab|GENE]."
INHIBITS = {"label": "INHIBITS", "head": ["CHEMICAL"], "tail": ["GENE"]}
BINDS = {"label": "BINDS", "head": ["GENE"], "tail": ["GENE"], "symmetric": True}


@pytest.fixture
def two(make_nlp, tiny_encoder) -> Language:
    """A pipeline of two extractors, each with a label of its own."""
    nlp = make_nlp(labels=[INHIBITS], threshold=0.0)
    model = {"encoder": tiny_encoder, "max_length": 64, "mixed_precision": False}
    nlp.add_pipe("relation_extractor", name="second", config={"model": model, "relation_types": [BINDS]})
    return nlp


@pytest.mark.parametrize("disabled", ["relation_extractor", "second"])
def test_one_of_two_is_frozen_while_the_other_is_initialized(two, make_example, disabled: str):
    with two.select_pipes(disable=disabled):
        two.initialize(lambda: [make_example(MARKED, [(0, 1, "INHIBITS"), (1, 2, "BINDS")])])


def test_two_extractors_with_one_label_are_warned_of(make_nlp, make_example, tiny_encoder):
    nlp = make_nlp(labels=[INHIBITS])
    model = {"encoder": tiny_encoder, "max_length": 64}
    nlp.add_pipe("relation_extractor", name="second", config={"model": model, "relation_types": [INHIBITS]})
    with pytest.warns(UserWarning, match="BRW08.*INHIBITS.*second"):
        nlp.initialize(lambda: [make_example(MARKED, [(0, 1, "INHIBITS")])])


@pytest.mark.parametrize("exclusive", [True, False])
def test_pairs_with_several_labels_are_warned_of_if_one_is_found_at_most(make_nlp, make_example, exclusive: bool):
    nlp = make_nlp(labels=[INHIBITS, {**INHIBITS, "label": "BINDS"}], exclusive=exclusive)
    relations = [(0, 1, "INHIBITS"), (0, 1, "BINDS"), (0, 1, "BINDS"), (0, 2, "BINDS"), (0, 2, "BINDS")]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nlp.initialize(lambda: [make_example(MARKED, relations)])
    told = [str(warning.message) for warning in caught if "BRW26" in str(warning.message)]
    assert len(told) == exclusive and all("1 pair(s)" in text for text in told)


def test_sourced_extractor_predicts_as_before(relation_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "CHEMICAL", "pattern": "aspirin"}, {"label": "GENE", "pattern": "cox"}])
    source = spacy.load(relation_path)
    nlp.add_pipe("relation_extractor", source=source)
    doc = nlp("aspirin blocks cox .")
    assert [record["label"] for record in get_records(doc)] == ["INHIBITS"]


@pytest.mark.parametrize("call", ["call", "pipe"])
def test_missing_recogniser_is_warned_of_once(relation_path, call: str):
    nlp = spacy.load(relation_path)
    with pytest.warns(UserWarning, match="BRW10.*relation_extractor.*entity_ruler") as caught:
        docs = [nlp("aspirin blocks cox."), nlp("cox.")] if call == "call" else list(nlp.pipe(["a b.", "c d."]))
    assert len(caught) == 1
    assert [get_records(doc) for doc in docs] == [[], []]


def test_warnings_name_a_sourced_extractor_as_the_pipeline_does(relation_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("relation_extractor", name="inhibitions", source=spacy.load(relation_path))
    with pytest.warns(UserWarning, match="BRW10.*before='inhibitions'"):
        nlp("aspirin blocks cox.")


def test_recogniser_that_finds_nothing_is_no_missing_one(relation_path):
    nlp = spacy.load(relation_path)
    nlp.add_pipe("entity_ruler", before="relation_extractor").add_patterns([{"label": "GENE", "pattern": "cox"}])
    assert get_records(nlp("Nothing here.")) == []


def test_input_that_does_not_show_the_head_is_warned_of(make_nlp, make_example):
    activates = {"label": "ACTIVATES", "head": ["GENE"], "tail": ["GENE"]}
    nlp = make_nlp(labels=[activates], model={"entities": "none"})
    with pytest.warns(UserWarning, match="BRW09.*ACTIVATES"):
        nlp.initialize(lambda: [make_example(MARKED, [(1, 2, "ACTIVATES")])])
