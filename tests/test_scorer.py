"""Scores count distinct gold and predicted relations, and agree with scikit-learn on the same decisions."""

from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support
from spacy.tokens import Doc
from spacy.training import Example

from spacy_biore.relations import RelationRecord, set_records
from spacy_biore.schema import Schema
from spacy_biore.scorer import RelationTally, make_relation_scorer, relation_keys, score_relations

LABELS = ("A", "B", "C")
N_MENTIONS = 4
PAIRS = [(head, tail) for head in range(N_MENTIONS) for tail in range(N_MENTIONS) if head != tail]
SYMMETRIC = [{"label": "A", "head": "T", "tail": "T", "symmetric": True}]

vocab = spacy.blank("en").vocab
label_sets = st.dictionaries(st.sampled_from(PAIRS), st.sets(st.sampled_from(LABELS)))
corpora = st.lists(st.tuples(label_sets, label_sets), min_size=1, max_size=4)

Decisions = dict[tuple[int, int], set[str]]


def record(head: int, tail: int, label: str, *, types: tuple[str, str] = ("T", "T")) -> RelationRecord:
    """Make a relation between the one-letter words with these numbers."""
    mentions = [{"start": 2 * i, "end": 2 * i + 1, "type": name} for i, name in zip((head, tail), types, strict=True)]
    return {"head": mentions[0], "tail": mentions[1], "label": label, "score": 1.0}  # type: ignore[typeddict-item]


def make_doc(*records: RelationRecord) -> Doc:
    doc = Doc(vocab, words=list("abcd"))
    set_records(doc, records)
    return doc


def make_example(predicted: list[RelationRecord], gold: list[RelationRecord]) -> Example:
    return Example(make_doc(*predicted), make_doc(*gold))


def records_of(decisions: Decisions) -> list[RelationRecord]:
    return [record(*pair, label) for pair, labels in decisions.items() for label in labels]


def score(predicted: list[RelationRecord], gold: list[RelationRecord], **kwargs: Any) -> dict[str, Any]:
    return score_relations([make_example(predicted, gold)], **kwargs)


def indicators(all_decisions: list[Decisions]) -> np.ndarray:
    """One row a pair and document, one column a label."""
    return np.asarray([[label in d.get(pair, ()) for label in LABELS] for d in all_decisions for pair in PAIRS])


@settings(deadline=None)
@given(corpora)
def test_scores_agree_with_scikit_learn(corpus: list[tuple[Decisions, Decisions]]):
    gold, predicted = indicators([g for g, _ in corpus]), indicators([p for _, p in corpus])
    scores = score_relations(make_example(records_of(p), records_of(g)) for g, p in corpus)
    if not gold.any():
        assert set(scores.values()) == {None}
        return
    micro = precision_recall_fscore_support(gold, predicted, average="micro", zero_division=0)
    seen = [column for column in range(len(LABELS)) if gold[:, column].any() or predicted[:, column].any()]
    macro = precision_recall_fscore_support(gold, predicted, labels=seen, average="macro", zero_division=0)
    p, r, f, _ = precision_recall_fscore_support(gold, predicted, average=None, zero_division=0)
    assert [scores[f"rel_micro_{name}"] for name in "prf"] == pytest.approx(micro[:3])
    assert scores["rel_macro_f"] == pytest.approx(macro[2])
    assert set(scores["rel_per_type"]) == {LABELS[column] for column in seen}
    for column in seen:
        expected = {"p": p[column], "r": r[column], "f": f[column]}
        assert scores["rel_per_type"][LABELS[column]] == pytest.approx(expected)


@settings(deadline=None)
@given(corpora)
def test_macro_precision_and_recall_agree_with_scikit_learn(corpus: list[tuple[Decisions, Decisions]]):
    gold, predicted = indicators([g for g, _ in corpus]), indicators([p for _, p in corpus])
    tally = RelationTally()
    for g, p in corpus:
        tally.add(*(relation_keys(make_doc(*records_of(decisions)), Schema()) for decisions in (g, p)))
    seen = [column for column in range(len(LABELS)) if gold[:, column].any() or predicted[:, column].any()]
    if seen:
        macro = precision_recall_fscore_support(gold, predicted, labels=seen, average="macro", zero_division=0)
        assert list(tally.macro) == pytest.approx(macro[:3])
    else:
        assert list(tally.macro) == [0, 0, 0]


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from([None, *LABELS])] * 2), min_size=len(PAIRS), max_size=len(PAIRS)))
def test_one_label_a_pair_agrees_with_scikit_learn_over_classes_without_the_null_class(
    classes: list[tuple[str | None, str | None]],
):
    """The usual figure of relation classification: the null class is a class of the pairs, but not of the average."""
    gold = {pair: {g} for pair, (g, _) in zip(PAIRS, classes, strict=True) if g}
    predicted = {pair: {p} for pair, (_, p) in zip(PAIRS, classes, strict=True) if p}
    scores = score(records_of(predicted), records_of(gold))
    if gold:
        truth, answers = ([name or "none" for name in names] for names in zip(*classes, strict=True))
        micro = precision_recall_fscore_support(truth, answers, labels=LABELS, average="micro", zero_division=0)
        assert [scores[f"rel_micro_{name}"] for name in "prf"] == pytest.approx(micro[:3])
    else:
        assert scores["rel_micro_f"] is None


def test_gold_relation_whose_pair_was_never_predicted_on_counts_as_missed():
    scores = score([record(0, 1, "A")], [record(0, 1, "A"), record(2, 3, "A")])
    assert (scores["rel_micro_p"], scores["rel_micro_r"]) == (1.0, 0.5)


def test_repeated_prediction_counts_once():
    scores = score([record(0, 1, "A"), record(0, 1, "A")], [record(0, 1, "A"), record(1, 2, "A")])
    assert (scores["rel_micro_p"], scores["rel_micro_r"]) == (1.0, 0.5)


def test_repeated_gold_relation_counts_once():
    assert score([record(0, 1, "A")], [record(0, 1, "A"), record(0, 1, "A")])["rel_micro_r"] == 1.0


@pytest.mark.parametrize(("relation_types", "expected"), [(SYMMETRIC, 1.0), ([], 0.0)], ids=["symmetric", "directed"])
def test_order_of_head_and_tail_matters_unless_the_label_is_symmetric(relation_types: Any, expected: float):
    scores = score([record(1, 0, "A")], [record(0, 1, "A")], relation_types=relation_types)
    assert scores["rel_micro_f"] == pytest.approx(expected)


def test_symmetric_relation_stated_in_both_orders_is_one_relation():
    both = [record(0, 1, "A"), record(1, 0, "A")]
    missed = record(2, 3, "A")
    assert score(both, [*both, missed], relation_types=SYMMETRIC)["rel_micro_r"] == 0.5


@pytest.mark.parametrize(
    "predicted",
    [record(0, 1, "B"), record(0, 2, "A"), record(0, 1, "A", types=("T", "U"))],
    ids=["label", "mention", "type"],
)
def test_relation_is_right_only_if_label_mentions_and_types_are(predicted: RelationRecord):
    assert score([predicted], [record(0, 1, "A")])["rel_micro_f"] == 0.0


def test_no_gold_gives_none():
    scores = score([record(0, 1, "A")], [])
    assert scores == dict.fromkeys(["rel_micro_p", "rel_micro_r", "rel_micro_f", "rel_macro_f", "rel_per_type"])


def test_no_examples_give_none():
    assert set(score_relations([]).values()) == {None}


def test_nothing_predicted_gives_zeros():
    scores = score([], [record(0, 1, "A")])
    assert [scores[key] for key in ("rel_micro_p", "rel_micro_r", "rel_micro_f", "rel_macro_f")] == [0.0] * 4


def test_label_of_the_schema_that_never_occurs_is_listed_and_left_out_of_the_mean():
    types = [{"label": label, "head": "T", "tail": "T"} for label in "AB"]
    scores = score([record(0, 1, "A")], [record(0, 1, "A")], relation_types=types)
    assert scores["rel_per_type"]["B"] == {"p": 0.0, "r": 0.0, "f": 0.0}
    assert scores["rel_macro_f"] == 1.0


def test_label_outside_the_schema_counts():
    scores = score([], [record(0, 1, "Z")], relation_types=SYMMETRIC)
    assert scores["rel_micro_r"] == 0.0
    assert "Z" in scores["rel_per_type"]


def test_relations_of_different_docs_are_not_confused():
    examples = [make_example([record(0, 1, "A")], []), make_example([], [record(0, 1, "A")])]
    assert score_relations(examples)["rel_micro_f"] == 0.0


def test_registered_scorer_is_this_one():
    assert spacy.registry.scorers.get("spacy-biore.RelationScorer.v1")() is make_relation_scorer() is score_relations


def test_keys_can_be_restricted_to_labels():
    doc = make_doc(record(0, 1, "A"), record(0, 1, "B"))
    assert {label for _, label in relation_keys(doc, Schema(), labels=["B", "C"])} == {"B"}


def test_only_the_given_labels_are_scored():
    gold, predicted = [record(0, 1, "A"), record(0, 1, "B")], [record(0, 1, "A"), record(2, 3, "B")]
    example = Example(make_doc(*predicted), make_doc(*gold))
    assert score_relations([example], labels=["A"])["rel_micro_f"] == 1.0
    assert score_relations([example], labels=["B"])["rel_micro_f"] == 0.0
    assert score_relations([example])["rel_micro_f"] == 0.5
