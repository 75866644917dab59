"""Gold relations as targets, probabilities and decisions."""

import numpy as np
import pytest
from spacy.tokens import Doc

from spacy_biore.candidates import make_candidate_generator
from spacy_biore.relations import get_records, relation_record, set_records
from spacy_biore.schema import Schema
from spacy_biore.targets import candidate_keys, decide, gold_labels, probabilities, relation_key

NAN = float("nan")
ALLOWED = np.array([[1, 1, 1], [1, 0, 1], [0, 0, 1], [1, 1, 1]], dtype=bool)


@pytest.fixture(scope="module")
def schema(schema_config) -> Schema:
    return Schema.from_config(schema_config)


def test_gold_is_found_by_characters_whatever_the_tokens(make_doc, schema):
    reference = make_doc("[ab|CHEMICAL] on [g|GENE] and [h|GENE].", [(0, 2, "INHIBITS"), (2, 1, "BINDS")])
    predicted = Doc(reference.vocab, words=["a", "b", "on", "g", "and", "h."], spaces=[0, 1, 1, 1, 1, 0])
    predicted.set_ents([predicted.char_span(0, 2, label="CHEMICAL"), predicted.char_span(6, 7, label="GENE")])
    candidates = make_candidate_generator("document")(reference, schema)
    truth = dict(zip(candidate_keys(candidates), gold_labels(reference, candidates, schema).tolist(), strict=True))
    ab, g, h = ((0, 2, "CHEMICAL"), (6, 7, "GENE"), (12, 13, "GENE"))
    # BINDS is symmetric: stated from h to g, learned from g to h.
    assert truth == {(ab, g): [0, 0], (ab, h): [1, 0], (g, h): [0, 1]}
    other = make_candidate_generator("document")(predicted, schema)
    assert candidate_keys(other) == [(ab, g)]
    set_records(reference, [{**get_records(reference)[0], "tail": {"start": 6, "end": 7, "type": "GENE"}}])
    assert gold_labels(reference, other, schema).tolist() == [[1, 0]]


def test_other_type_label_or_mention_is_no_gold(make_doc, schema):
    doc = make_doc("[a|CHEMICAL] on [g|GENE].")
    candidates = make_candidate_generator()(doc, schema)
    good = relation_record(*doc.ents, "INHIBITS")
    for wrong in (
        {**good, "label": "UNKNOWN"},
        {**good, "tail": {**good["tail"], "type": "DISEASE"}},
        {**good, "tail": {**good["tail"], "end": 7}},
        {**good, "head": good["tail"], "tail": good["head"]},
    ):
        set_records(doc, [wrong])
        assert not gold_labels(doc, candidates, schema).any()
    set_records(doc, [good, good])
    assert gold_labels(doc, candidates, schema).tolist() == [[1, 0]]


@pytest.mark.parametrize("symmetric", [True, False])
def test_identity_of_a_relation(symmetric: bool):
    entries = [
        {"label": "SAME", "head": "G", "tail": "G", "symmetric": symmetric},
        {"label": "CROSS", "head": "G", "tail": "D", "symmetric": symmetric},
    ]
    schema = Schema.from_config(entries)
    late = {"start": 5, "end": 6, "type": "G"}
    for label, early in (("SAME", {"start": 0, "end": 1, "type": "G"}), ("CROSS", {"start": 0, "end": 1, "type": "D"})):
        one = {"head": late, "tail": early, "label": label, "score": 1.0}
        other = {**one, "head": early, "tail": late}
        assert (relation_key(one, schema) == relation_key(other, schema)) is symmetric
        first = early if label == "SAME" and symmetric else late
        assert relation_key(one, schema)[0][0] == (first["start"], first["end"], first["type"])


def make_logits(*, exclusive: bool) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(4, 4 if exclusive else 3), scale=2).astype(np.float32)


@pytest.mark.parametrize("exclusive", [True, False])
def test_probabilities(exclusive: bool):
    logits = make_logits(exclusive=exclusive)
    found = probabilities(logits, ALLOWED, exclusive=exclusive)
    assert found.shape == ALLOWED.shape and (found[~ALLOWED] == 0).all()
    for row in range(len(logits)):
        if exclusive:
            weights = np.exp(logits[row].astype(float)) * [1, *ALLOWED[row]]
            expected = (weights / weights.sum())[1:]
        else:
            expected = ALLOWED[row] / (1 + np.exp(-logits[row].astype(float)))
        np.testing.assert_allclose(found[row], expected, rtol=1e-5)


@pytest.mark.parametrize("exclusive", [True, False])
def test_extreme_logits(exclusive: bool):
    logits = np.array([[1e4, -1e4, 0, 1][: 4 if exclusive else 3]], dtype=np.float32)
    found = probabilities(logits, ALLOWED[:1], exclusive=exclusive)
    assert np.isfinite(found).all()


# Scores of one pair, thresholds, exclusive, expected labels.
DECISIONS = [
    ([0.5, 0.1], [NAN, NAN], True, [0]),
    ([0.3, 0.2], [NAN, NAN], True, []),
    ([0.34, 0.36], [NAN, NAN], True, [1]),
    ([0.34, 0.36], [0.1, 0.4], True, []),
    ([0.34, 0.36], [0.4, 0.1], True, [1]),
    ([0.3, 0.2], [0.3, 0.2], True, [0]),
    ([0.3, 0.2], [0.31, 0.21], True, []),
    ([0.9, 0.01], [0.95, 0.0], True, []),
    ([0.9, 0.01], [0.95, NAN], True, []),
    ([0.9, 0.0], [0.95, 0.0], True, []),
    ([0.5, 0.49], [NAN, NAN], False, [0]),
    ([0.6, 0.7], [NAN, NAN], False, [0, 1]),
    ([0.6, 0.7], [0.65, NAN], False, [1]),
    ([0.1, 0.2], [0.0, 0.2], False, [0, 1]),
    ([0.0, 0.2], [0.0, 0.0], False, [1]),
]


@pytest.mark.parametrize(("scores", "thresholds", "exclusive", "expected"), DECISIONS)
def test_decisions(scores, thresholds, exclusive: bool, expected: list[int]):
    # The pair stands between two others, of which nothing is said.
    nothing = [-1.0, -1.0]
    found = decide(
        np.array([nothing, scores, nothing], dtype=np.float32),
        np.array(thresholds, dtype=np.float32),
        exclusive=exclusive,
    )
    assert found == [(1, label) for label in expected]


@pytest.mark.parametrize("exclusive", [True, False])
def test_no_pairs(exclusive: bool):
    none, width = np.zeros((0, 3), dtype=bool), 4 if exclusive else 3
    logits = np.zeros((0, width), dtype=np.float32)
    assert probabilities(logits, none, exclusive=exclusive).shape == (0, 3)
    assert decide(np.zeros((0, 3), dtype=np.float32), np.full(3, NAN, dtype=np.float32), exclusive=exclusive) == []
