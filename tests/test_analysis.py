"""Every gold and every predicted relation has one fate, and a lost one has the reason that lost it first."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_biore.analysis import (
    Considered,
    Match,
    Reason,
    count_confusions,
    find_excess,
    find_reason,
    gold_mention_keys,
    match_relations,
)
from spacy_biore.candidates import make_candidate_generator
from spacy_biore.relations import get_records
from spacy_biore.schema import Schema
from spacy_biore.scorer import RelationKey, relation_keys
from spacy_biore.targets import MentionKey, relation_key

SCHEMA = Schema.from_config(
    [
        {"label": "INHIBITS", "head": "CHEMICAL", "tail": "GENE"},
        {"label": "ACTIVATES", "head": "CHEMICAL", "tail": "GENE"},
        {"label": "REGULATES", "head": "GENE", "tail": "GENE"},
        {"label": "BINDS", "head": "GENE", "tail": "GENE", "symmetric": True},
    ]
)
MENTIONS: list[MentionKey] = [(0, 4, "GENE"), (2, 4, "GENE"), (8, 9, "GENE")]
APART = "[aspirin|CHEMICAL] was given daily . We saw it . [ptgs|GENE] fell ."

keys = st.tuples(
    st.tuples(st.sampled_from(MENTIONS), st.sampled_from(MENTIONS)).filter(lambda pair: pair[0] != pair[1]),
    st.sampled_from(["REGULATES", "BINDS"]),
).map(lambda key: in_order(*key))
key_sets = st.sets(keys)


def in_order(pair: tuple[MentionKey, MentionKey], label: str) -> RelationKey:
    """Identify a relation as the project does everywhere."""
    head, tail = ({"start": start, "end": end, "type": name} for start, end, name in pair)
    return relation_key({"head": head, "tail": tail, "label": label, "score": 1.0}, SCHEMA)  # type: ignore[typeddict-item]


def consider(doc: Doc, *, scored: Callable[[int], bool] = lambda row: True, **settings: Any) -> Considered:
    generate = make_candidate_generator(**settings)
    candidates = generate(doc, SCHEMA)
    rows = np.asarray([row for row in range(len(candidates)) if scored(row)], dtype=np.int64)
    return Considered(candidates, rows, SCHEMA, generate)


def reason_of(gold_doc: Doc, doc: Doc, considered: Considered, predicted: tuple[RelationKey, ...] = ()) -> Reason:
    """Return the reason why the only gold relation of a Doc was lost."""
    (key,) = relation_keys(gold_doc, SCHEMA)
    (match,) = (m for m in match_relations({key}, set(predicted), SCHEMA) if m.gold)
    return find_reason(match, doc, considered, set(predicted))


@given(key_sets, key_sets)
def test_every_relation_stands_in_one_match(gold: set[RelationKey], predicted: set[RelationKey]):
    matches = match_relations(gold, predicted, SCHEMA)
    assert sorted(m.gold for m in matches if m.gold) == sorted(gold)
    assert sorted(m.predicted for m in matches if m.predicted) == sorted(predicted)
    assert Match(None, None) not in matches


@given(key_sets, key_sets)
def test_confusions_add_up_to_support_and_their_diagonal_to_what_was_found(
    gold: set[RelationKey], predicted: set[RelationKey]
):
    confusions = count_confusions(match_relations(gold, predicted, SCHEMA))
    for label in ("REGULATES", "BINDS"):
        assert sum(n for (g, _), n in confusions.items() if g == label) == sum(key[1] == label for key in gold)
        assert sum(n for (_, p), n in confusions.items() if p == label) == sum(key[1] == label for key in predicted)
        assert confusions[label, label] == sum(key[1] == label for key in gold & predicted)
    assert confusions[None, None] == 0


@given(key_sets, key_sets)
def test_found_relation_is_never_confused(gold: set[RelationKey], predicted: set[RelationKey]):
    for match in match_relations(gold, predicted, SCHEMA):
        if match.gold in predicted or match.predicted in gold:
            assert match.gold == match.predicted


def test_second_gold_label_of_a_pair_has_no_prediction_left():
    a, b = in_order((MENTIONS[0], MENTIONS[1]), "BINDS"), in_order((MENTIONS[0], MENTIONS[1]), "REGULATES")
    assert count_confusions(match_relations({a, b}, {a}, SCHEMA)) == Counter(
        {("BINDS", "BINDS"): 1, ("REGULATES", None): 1}
    )


@pytest.mark.parametrize(("gold", "predicted"), [("BINDS", "REGULATES"), ("REGULATES", "BINDS")])
def test_pair_that_a_symmetric_label_reads_has_no_order(gold: str, predicted: str):
    first, second = in_order((MENTIONS[0], MENTIONS[2]), gold), in_order((MENTIONS[2], MENTIONS[0]), predicted)
    assert match_relations({first}, {second}, SCHEMA) == [Match(first, second)]


def test_directed_labels_of_opposite_order_are_not_confused():
    types = [{"label": label, "head": "GENE", "tail": "GENE"} for label in "AB"]
    gold, predicted = ((MENTIONS[0], MENTIONS[1]), "A"), ((MENTIONS[1], MENTIONS[0]), "B")
    matches = match_relations({gold}, {predicted}, Schema.from_config(types))
    assert matches == [Match(gold, None), Match(None, predicted)]


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ((0, 2, "REGULATES"), (0, 2, "BINDS"), "wrong label"),
        ((0, 2, "REGULATES"), (2, 0, "REGULATES"), "wrong direction"),
        ((0, 2, "REGULATES"), (0, 1, "REGULATES"), "entity not gold"),
        ((0, 2, "REGULATES"), (2, 3, "REGULATES"), "pair not related"),
    ],
)
def test_predicted_relation_that_is_not_gold_has_one_fault(
    gold: tuple[int, int, str], predicted: tuple[int, int, str], expected: str
):
    mentions = [*MENTIONS, (12, 14, "GENE")]
    g, p = (in_order((mentions[head], mentions[tail]), label) for head, tail, label in (gold, predicted))
    (match,) = (m for m in match_relations({g}, {p}, SCHEMA) if m.predicted)
    assert find_excess(match, {mentions[0], mentions[2], mentions[3]}, {g}) == expected


def test_all_mentions_are_entities_spans_and_arguments(make_doc: Callable[..., Doc]):
    doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] , cyp .", [(0, 1, "INHIBITS")], spans_key="entities")
    doc.ents = [doc.char_span(22, 25, label="GENE")]
    doc.spans["entities"] = [doc.spans["entities"][0]]
    assert gold_mention_keys(doc) == {(0, 7, "CHEMICAL"), (15, 19, "GENE"), (22, 25, "GENE")}


def test_a_mention_that_spacy_cant_read_after_a_merger_is_passed_over(make_doc: Callable[..., Doc]):
    doc = make_doc("[The|GENE] very big [aspirin|CHEMICAL]", spans_key="entities")
    doc.set_ents([])
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:3])
    assert gold_mention_keys(doc) == {(0, 12, "GENE")}


def test_mention_inside_a_token_is_unaligned(make_doc: Callable[..., Doc]):
    gold_doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] .", [(0, 1, "INHIBITS")])
    doc = Doc(gold_doc.vocab, words=["aspirin", "blocks", "ptgs ."], spaces=[True, True, False])
    assert reason_of(gold_doc, doc, consider(doc, scope="document")) == "unaligned"


@pytest.mark.parametrize(
    "found", ["[aspirin|CHEMICAL] blocks ptgs fast .", "[aspirin|CHEMICAL] blocks [ptgs|CHEMICAL] fast ."]
)
def test_mention_without_an_entity_of_its_type_is_missed(found: str, make_doc: Callable[..., Doc]):
    gold_doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] fast .", [(0, 1, "INHIBITS")])
    doc = make_doc(found)
    assert reason_of(gold_doc, doc, consider(doc)) == "entity missed"


def test_entity_with_other_boundaries_is_missed(make_doc: Callable[..., Doc]):
    gold_doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] fast .", [(0, 1, "INHIBITS")])
    doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs fast|GENE] .")
    assert reason_of(gold_doc, doc, consider(doc)) == "entity missed"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"scope": "sentence"}, "cross-sentence"),
        ({"scope": "window", "window": 1}, "cross-sentence"),
        ({"scope": "sentence", "max_distance": 2}, "cross-sentence"),
        ({"scope": "window", "window": 2, "max_distance": 5}, "not a candidate"),
        ({"scope": "document", "max_distance": 5}, "not a candidate"),
        ({"scope": "window", "window": 2}, "no relation predicted"),
        ({"scope": "document"}, "no relation predicted"),
    ],
    ids=str,
)
def test_pair_across_sentences(settings: dict[str, Any], reason: Reason, make_doc: Callable[..., Doc]):
    doc = make_doc(APART, [(0, 1, "INHIBITS")])
    assert reason_of(doc, doc, consider(doc, **settings)) == reason


def test_pair_too_far_apart_in_a_sentence_is_not_a_candidate(make_doc: Callable[..., Doc]):
    doc = make_doc("[aspirin|CHEMICAL] quite strongly blocks [ptgs|GENE] .", [(0, 1, "INHIBITS")])
    assert reason_of(doc, doc, consider(doc, max_distance=2)) == "not a candidate"


def test_pair_over_the_cap_is_not_a_candidate(make_doc: Callable[..., Doc]):
    doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] and also [cyp|GENE] .", [(0, 2, "INHIBITS")])
    assert reason_of(doc, doc, consider(doc, max_pairs=1)) == "not a candidate"


@pytest.mark.parametrize("tail", ["DISEASE", "CHEMICAL"], ids=["unknown type", "wrong type"])
def test_relation_of_types_that_the_schema_forbids_is_not_a_candidate(tail: str, make_doc: Callable[..., Doc]):
    doc = make_doc(f"[aspirin|CHEMICAL] helps [pain|{tail}] .", [(0, 1, "INHIBITS")])
    assert reason_of(doc, doc, consider(doc)) == "not a candidate"


def test_relation_against_the_direction_of_the_schema_is_not_a_candidate(make_doc: Callable[..., Doc]):
    doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] .", [(1, 0, "INHIBITS")])
    assert reason_of(doc, doc, consider(doc)) == "not a candidate"


def test_candidate_that_was_not_scored_is_outside_the_window(make_doc: Callable[..., Doc]):
    doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] and [cyp|GENE] .", [(0, 2, "INHIBITS")])
    considered = consider(doc, scored=lambda row: row == 0)
    assert considered.candidates.tail(0).start == 2
    assert reason_of(doc, doc, considered) == "outside the window"


def test_other_label_on_the_pair_is_a_wrong_label(make_doc: Callable[..., Doc]):
    doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] .", [(0, 1, "INHIBITS")])
    predicted = {**get_records(doc)[0], "label": "ACTIVATES"}
    assert reason_of(doc, doc, consider(doc), (relation_key(predicted, SCHEMA),)) == "wrong label"  # type: ignore[arg-type]


def test_reversed_prediction_is_a_wrong_direction(make_doc: Callable[..., Doc]):
    doc = make_doc("[ptgs|GENE] drives [cyp|GENE] .", [(0, 1, "REGULATES")])
    (((head, tail), label),) = relation_keys(doc, SCHEMA)
    assert reason_of(doc, doc, consider(doc), (((tail, head), label),)) == "wrong direction"


def test_direction_that_the_schema_forbids_is_not_a_candidate_though_the_reverse_is_predicted(
    make_doc: Callable[..., Doc],
):
    doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] .", [(1, 0, "INHIBITS")])
    reverse = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] .", [(0, 1, "INHIBITS")])
    assert reason_of(doc, doc, consider(doc), tuple(relation_keys(reverse, SCHEMA))) == "not a candidate"


def test_prediction_on_another_pair_leaves_no_relation_predicted(make_doc: Callable[..., Doc]):
    doc = make_doc("[ptgs|GENE] drives [cyp|GENE] and [egfr|GENE] .", [(0, 1, "REGULATES")])
    other = make_doc("[ptgs|GENE] drives [cyp|GENE] and [egfr|GENE] .", [(0, 2, "REGULATES")])
    predicted = tuple(relation_keys(other, SCHEMA))
    assert reason_of(doc, doc, consider(doc), predicted) == "no relation predicted"


def test_doc_without_sentences_has_no_relation_across_them(make_doc: Callable[..., Doc]):
    doc = make_doc(APART, [(0, 1, "INHIBITS")], sentences=False)
    assert reason_of(doc, doc, consider(doc, scope="document", max_distance=1)) == "not a candidate"


def test_mentions_of_a_span_group_are_not_missed(make_doc: Callable[..., Doc]):
    doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] .", [(0, 1, "INHIBITS")], spans_key="entities")
    doc.ents = []
    assert reason_of(doc, doc, consider(doc, spans_key="entities")) == "no relation predicted"
    assert reason_of(doc, doc, consider(doc)) == "entity missed"


def test_sentence_of_a_mention_is_that_of_its_first_token(make_doc: Callable[..., Doc]):
    doc = make_doc("[aspirin . ptgs|CHEMICAL] binds [cyp|GENE] .", [(0, 1, "INHIBITS")])
    assert reason_of(doc, doc, consider(doc, scope="sentence")) == "cross-sentence"


def test_blank_doc_has_nothing_to_match():
    assert match_relations(set(), set(), SCHEMA) == []
    assert len(consider(spacy.blank("en").make_doc(""), scope="document").candidates) == 0
