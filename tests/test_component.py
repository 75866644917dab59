"""The component: its schema, its settings, its annotations, and nothing to do as an ordinary case."""

import numpy as np
import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_biore.component import RelationExtractor
from spacy_biore.errors import BioreError
from spacy_biore.relations import get_records, relation_record, set_records

MARKED = "[aspirin|CHEMICAL] inhibits [cox|GENE] and [ab|GENE]."
RELATIONS = [(0, 1, "INHIBITS"), (1, 2, "BINDS")]
INFERRED = [
    {"label": "BINDS", "head": ["GENE"], "tail": ["GENE"], "symmetric": False},
    {"label": "INHIBITS", "head": ["CHEMICAL"], "tail": ["GENE"], "symmetric": False},
]
EMPTY = ["", "Nothing at all.", "[one|CHEMICAL] only.", "[tulip|PLANT] and [rose|PLANT]."]


@pytest.fixture(scope="module")
def examples(make_example) -> list[Example]:
    return [make_example(MARKED, RELATIONS)]


@pytest.fixture
def nlp(make_nlp, examples) -> Language:
    """An initialized pipeline that takes every candidate for a relation."""
    nlp = make_nlp(threshold=0.0)
    nlp.initialize(lambda: examples)
    return nlp


@pytest.fixture
def extractor(nlp) -> RelationExtractor:
    return nlp.get_pipe("relation_extractor")


def labels_of(doc: Doc) -> list[str]:
    return [record["label"] for record in get_records(doc)]


# --- labels ---


def test_schema_from_data(make_nlp, examples):
    nlp = make_nlp(labels=[])
    nlp.initialize(lambda: examples)
    extractor = nlp.get_pipe("relation_extractor")
    assert extractor.label_data == INFERRED
    assert extractor.labels == ("BINDS", "INHIBITS")
    assert extractor.model.get_dim("nO") == 3
    assert all(label in nlp.vocab.strings for label in extractor.labels)


def test_declared_schema_wins_over_data(make_nlp, examples, schema_config):
    nlp = make_nlp()
    nlp.initialize(lambda: examples)
    assert nlp.get_pipe("relation_extractor").labels == tuple(entry["label"] for entry in schema_config)


def test_schema_from_a_labels_file(make_nlp, examples, tmp_path):
    first = make_nlp(labels=[])
    first.initialize(lambda: examples)
    # What `spacy init labels` writes, and how a config reads it.
    srsly.write_json(tmp_path / "relation_extractor.json", first.get_pipe("relation_extractor").label_data)
    nlp = make_nlp(labels=[])
    reader = {"@readers": "spacy.read_labels.v1", "path": str(tmp_path / "relation_extractor.json")}
    nlp.config["initialize"]["components"] = {"relation_extractor": {"labels": reader}}
    nlp.initialize(lambda: examples)
    assert nlp.get_pipe("relation_extractor").label_data == INFERRED


def test_add_label(make_nlp, examples):
    nlp = make_nlp(labels=[])
    extractor = nlp.get_pipe("relation_extractor")
    assert extractor.add_label("INHIBITS", head="CHEMICAL", tail=["GENE"]) == 1
    assert extractor.add_label("BINDS", head="GENE", tail="GENE", symmetric=True) == 1
    assert extractor.add_label("BINDS") == extractor.add_label("BINDS", head="GENE", tail="GENE", symmetric=True) == 0
    with pytest.raises(BioreError, match=r"BR001.*'BINDS' stands in it twice"):
        extractor.add_label("BINDS", head="GENE", tail="CHEMICAL", symmetric=True)
    with pytest.raises(BioreError, match="BR001"):
        extractor.add_label("NEW")
    nlp.initialize(lambda: examples)
    with pytest.raises(BioreError, match=r"BR006.*NEW"):
        extractor.add_label("NEW", head="GENE", tail="GENE")
    assert extractor.labels == ("INHIBITS", "BINDS")


def test_no_labels_anywhere(make_nlp, make_example):
    with pytest.raises(BioreError, match=r"BR003.*relation_extractor"):
        make_nlp(labels=[]).initialize(lambda: [make_example(MARKED)])


@pytest.mark.parametrize(
    ("relation", "problem"),
    [((0, 1, "CURES"), "CURES"), ((1, 0, "INHIBITS"), "GENE to CHEMICAL"), ((0, 1, "BINDS"), "CHEMICAL to GENE")],
)
def test_corpus_that_does_not_fit_the_schema(make_nlp, make_example, relation, problem: str):
    example = make_example(MARKED, [relation])
    example.reference.user_data["biore_doc_id"] = "PMID9"
    with pytest.raises(BioreError, match=f"BR004.*{problem}.*PMID9"):
        make_nlp().initialize(lambda: [example])


def test_no_entities_in_the_whole_corpus(make_nlp, make_example):
    with pytest.warns(UserWarning, match=r"BRW01.*2 documents.*relation_extractor"):
        make_nlp().initialize(lambda: [make_example("Nothing."), make_example("[tulip|PLANT] and [rose|PLANT].")])


def test_initialize_again_with_another_schema(nlp, extractor, make_example):
    entries = [{"label": "EATS", "head": "GOAT", "tail": "PLANT"}]
    extractor.cfg["threshold"] = None
    example = make_example("[goat|GOAT] eats [tulip|PLANT].", [(0, 1, "EATS")])
    extractor.initialize(lambda: [example], nlp=nlp, labels=entries)
    assert extractor.predict([example.predicted]).scores.shape == (1, 1)
    assert extractor.model.get_dim("nO") == 2


def test_before_initialization(make_nlp, make_doc):
    with pytest.raises(ValueError, match="BR204"):
        make_nlp().get_pipe("relation_extractor").predict([make_doc(MARKED)])


# --- nothing to do ---


@pytest.mark.parametrize("text", EMPTY)
def test_call_without_candidates(extractor, make_doc, text: str):
    doc = make_doc(text)
    assert extractor(doc) is doc
    assert get_records(doc) == []


def test_pipe_with_and_without_candidates(nlp, make_doc):
    texts = [*EMPTY, MARKED, *EMPTY]
    for batch_size in (1, 2, 9):
        docs = list(nlp.pipe([make_doc(text) for text in texts], batch_size=batch_size))
        assert [len(get_records(doc)) for doc in docs] == [0] * 4 + [3] + [0] * 4
    assert list(nlp.pipe([])) == []


def test_update_without_candidates(nlp, make_example):
    before = nlp.to_bytes()
    for batch in ([make_example(text) for text in EMPTY], [make_example("")], []):
        assert nlp.update(batch, losses={}) == ({"relation_extractor": 0.0} if batch else {})
    assert nlp.to_bytes() == before


def test_initialize_and_score_without_candidates(make_nlp, make_example):
    examples = [make_example("[one|CHEMICAL] only."), make_example("")]
    nlp = make_nlp()
    nlp.initialize(lambda: examples)
    assert nlp.evaluate(examples)["rel_micro_f"] is None
    assert nlp.get_pipe("relation_extractor").predict([]).scores.shape == (0, 2)


# --- annotations ---


def test_relations_are_candidates_with_their_scores(extractor, make_doc):
    doc = make_doc(MARKED)
    predictions = extractor.predict([doc])
    assert get_records(doc) == [], "predict must not change the doc"
    extractor.set_annotations([doc], predictions)
    found = {(r.head.text, r.tail.text): (r.label, r.score) for r in doc._.relations}
    assert {pair: label for pair, (label, _) in found.items()} == {
        ("aspirin", "cox"): "INHIBITS",
        ("aspirin", "ab"): "INHIBITS",
        ("cox", "ab"): "BINDS",
    }
    assert [score for _, score in found.values()] == pytest.approx(predictions.scores.max(axis=1).tolist())


def test_annotations_of_others_stay_and_own_are_replaced(extractor, make_doc):
    doc = make_doc(MARKED)
    of_others = relation_record(doc.ents[1], doc.ents[0], "CURES", 0.5)
    set_records(doc, [of_others])
    [theirs] = get_records(doc)
    set_records(doc, [relation_record(doc.ents[1], doc.ents[0], "INHIBITS"), of_others])
    extractor(doc)
    assert get_records(doc)[0] == theirs
    assert labels_of(doc) == ["CURES", "INHIBITS", "INHIBITS", "BINDS"]
    extractor(doc)
    assert len(get_records(doc)) == 4


def test_two_extractors_in_one_pipeline(make_nlp, make_example, make_doc, tiny_encoder):
    nlp = make_nlp(labels=[{"label": "INHIBITS", "head": "CHEMICAL", "tail": "GENE"}], threshold=0.0)
    config = {"model": {"encoder": tiny_encoder, "max_length": 64}, "threshold": 0.0}
    config["relation_types"] = [{"label": "BINDS", "head": "GENE", "tail": "GENE"}]
    nlp.add_pipe("relation_extractor", name="second", config=config)
    stranger = make_example(MARKED, [(0, 1, "CAUSES")])
    with pytest.raises(BioreError, match=r"BR004.*relation_extractor.*CAUSES"):
        nlp.initialize(lambda: [stranger])
    nlp.initialize(lambda: [make_example(MARKED, RELATIONS)])
    doc = nlp(make_doc(MARKED))
    assert sorted(labels_of(doc)) == ["BINDS", "BINDS", "INHIBITS", "INHIBITS"]
    assert set(nlp.update([make_example(MARKED)], losses={})) == {"relation_extractor", "second"}


# --- text that is too long ---


def test_pairs_too_far_apart_are_left_out_and_reported(nlp, extractor, make_doc):
    far = "[c|CHEMICAL] of [g|GENE]" + " of the gene" * 1600 + " [h|GENE]."
    docs = [make_doc(MARKED), make_doc(far)]
    assert len(docs[1]) > 4800
    docs[1].user_data["biore_doc_id"] = "PMID5"
    with pytest.warns(UserWarning, match=r"BRW02.*2 candidate pair\(s\).*64.*PMID5"):
        predictions = extractor.predict(docs)
    assert predictions.rows.tolist() == [0, 1, 2, 3]
    extractor.set_annotations(docs, predictions)
    assert [(r.head.text, r.tail.text) for r in docs[1]._.relations] == [("c", "g")]
    set_records(docs[1], [])
    assert len(get_records(extractor(docs[1]))) == 1, "warned once, so no second warning, which would be an error"


def test_training_reports_pairs_too_far_apart(nlp, extractor, make_example):
    far = make_example("[c|CHEMICAL] of" + " the gene" * 40 + " [h|GENE].", [(0, 1, "INHIBITS")])
    with pytest.warns(UserWarning, match=r"BRW02.*1 candidate pair\(s\).*64"):
        losses = extractor.update([far])
    assert losses == {"relation_extractor": 0.0}


def test_blank_pipeline_with_defaults_has_the_component():
    extractor = spacy.blank("en").add_pipe("relation_extractor")
    assert extractor.labels == () and extractor.cfg["exclusive"] is True
    assert np.isnan(extractor._thresholds()).all()


def test_gold_relations_that_are_no_candidates_are_counted(make_nlp, make_doc):
    gold = make_doc("[c0|CHEMICAL] acts . It blocks [g1|GENE] .", [(0, 1, "INHIBITS")])
    inside = make_doc("[c0|CHEMICAL] blocks [g1|GENE] .", [(0, 1, "INHIBITS")])
    nlp = make_nlp()
    with pytest.warns(UserWarning, match=r"BRW04.*1 gold relation\(s\)"):
        nlp.initialize(lambda: [Example(make_doc(doc.text, []), doc) for doc in (gold, inside)])


def test_without_labels_nothing_can_be_predicted(make_doc):
    nlp = spacy.blank("en")
    nlp.add_pipe("relation_extractor", config={"model": {"encoder": "not-needed"}})
    with pytest.raises(BioreError, match=r"BR003.*relation_extractor"):
        nlp(make_doc(MARKED))


def test_loss_of_what_predict_returns(nlp, extractor, make_example):
    examples = [make_example(MARKED, RELATIONS), make_example(MARKED)]
    predictions = extractor.predict([eg.predicted for eg in examples])
    loss, gradient = extractor.get_loss(examples, predictions)
    assert gradient.shape == predictions.logits.shape
    assert loss == pytest.approx(extractor.update(examples)["relation_extractor"], rel=1e-5)


def test_corpus_without_relations_is_warned_of(make_nlp, make_example):
    with pytest.warns(UserWarning, match=r"BRW06.*2 documents.*relation_extractor"):
        make_nlp().initialize(lambda: [make_example(MARKED)] * 2)


def test_schema_that_names_what_never_occurs_is_warned_of(make_nlp, make_example):
    labels = [
        *make_nlp().get_pipe("relation_extractor").label_data,
        {"label": "CAUSES", "head": "CHEMCIAL", "tail": "GENE"},
    ]
    with pytest.warns(UserWarning, match=r"BRW07.*CAUSES, CHEMCIAL\."):
        make_nlp(labels=labels).initialize(lambda: [make_example(MARKED, RELATIONS)])


def test_training_without_any_mention_is_warned_of_once(nlp, extractor, make_example):
    empty = make_example("nothing to relate .")
    extractor.update([empty] * 99)
    with pytest.warns(UserWarning, match=r"BRW01.*100 documents"):
        extractor.update([empty])
    extractor.update([empty])


def test_many_pairs_are_scored_in_parts(nlp, extractor, make_doc, monkeypatch):
    docs = [make_doc("[a|CHEMICAL] and [b|CHEMICAL] of [c|GENE] [d|GENE] [e|GENE].", spans_key="sc"), make_doc("None.")]
    docs.append(docs[0].copy())
    whole = extractor.predict(docs)
    monkeypatch.setattr("spacy_biore.predictions.CHUNK_PAIRS", 4)
    parts = extractor.predict(docs)
    assert len(whole.rows) > 8 and parts.rows.tolist() == whole.rows.tolist()
    np.testing.assert_allclose(parts.scores, whole.scores, atol=1e-5)
