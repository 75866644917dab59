"""Gold relations as targets, the loss, and decisions."""

import numpy as np
import pytest
from spacy.tokens import Doc

from spacy_biore.candidates import make_candidate_generator
from spacy_biore.relations import get_records, relation_record, set_records
from spacy_biore.schema import Schema
from spacy_biore.targets import candidate_keys, decide, gold_labels, loss_and_gradient, probabilities, relation_key

NAN = float("nan")
ALLOWED = np.array([[1, 1, 1], [1, 0, 1], [0, 0, 1], [1, 1, 1]], dtype=bool)
TRUTH = np.array([[0, 1, 0], [0, 0, 0], [0, 0, 1], [1, 0, 1]], dtype=np.float32)


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
    loss, gradient = loss_and_gradient(logits, TRUTH[:1], ALLOWED[:1], exclusive=exclusive)
    assert np.isfinite(found).all() and np.isfinite(gradient).all() and np.isfinite(loss)


@pytest.mark.parametrize("exclusive", [True, False])
def test_loss_is_the_cross_entropy(exclusive: bool):
    logits = make_logits(exclusive=exclusive)
    scores = probabilities(logits, ALLOWED, exclusive=exclusive).astype(float)
    expected = 0.0
    for p, y, allowed in zip(scores, TRUTH, ALLOWED, strict=True):
        if exclusive:
            expected -= np.log(1 - p.sum()) if not y.any() else (y * np.log(np.where(y, p, 1))).sum() / y.sum()
        else:
            expected -= sum(np.log(q if t else 1 - q) for q, t, a in zip(p, y, allowed, strict=True) if a)
    loss, _ = loss_and_gradient(logits, TRUTH, ALLOWED, exclusive=exclusive)
    assert loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("exclusive", [True, False])
def test_gradient_agrees_with_finite_differences(exclusive: bool):
    logits = make_logits(exclusive=exclusive).astype(np.float64)
    _, gradient = loss_and_gradient(logits, TRUTH, ALLOWED, exclusive=exclusive)
    for index in np.ndindex(*logits.shape):
        step = np.zeros_like(logits)
        step[index] = 1e-5
        above, _ = loss_and_gradient(logits + step, TRUTH, ALLOWED, exclusive=exclusive)
        below, _ = loss_and_gradient(logits - step, TRUTH, ALLOWED, exclusive=exclusive)
        assert gradient[index] == pytest.approx((above - below) / 2e-5, abs=1e-4)
    forbidden = gradient[:, 1:][~ALLOWED] if exclusive else gradient[~ALLOWED]
    assert (forbidden == 0).all()


# Scores of one pair, thresholds, exclusive, expected labels.
DECISIONS = [
    ([0.5, 0.1], [NAN, NAN], True, [0]),
    ([0.3, 0.2], [NAN, NAN], True, []),
    ([0.34, 0.36], [NAN, NAN], True, [1]),
    ([0.34, 0.36], [0.1, 0.4], True, [0]),
    ([0.3, 0.2], [0.3, 0.2], True, [0]),
    ([0.3, 0.2], [0.31, 0.21], True, []),
    ([0.9, 0.01], [0.95, 0.0], True, [1]),
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
    loss, gradient = loss_and_gradient(logits, none.astype(np.float32), none, exclusive=exclusive)
    assert loss == 0 and gradient.shape == (0, width)
    assert decide(np.zeros((0, 3), dtype=np.float32), np.full(3, NAN, dtype=np.float32), exclusive=exclusive) == []
