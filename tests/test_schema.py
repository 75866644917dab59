"""The relation schema."""

import json

import pytest

from spacy_biore.errors import BioreError
from spacy_biore.schema import RelationType, Schema

DIRECTED = {"label": "INHIBITS", "head": ["CHEMICAL", "GENE"], "tail": ["GENE"]}
SYMMETRIC = {"label": "BINDS", "head": ["GENE"], "tail": ["GENE"], "symmetric": True}
ONE_WAY_SYMMETRIC = {"label": "MEETS", "head": ["GENE"], "tail": ["DISEASE"], "symmetric": True}


def without(key: str) -> dict:
    return {k: v for k, v in DIRECTED.items() if k != key}


MALFORMED = {
    "no object": "INHIBITS",
    "none": None,
    "no label": without("label"),
    "no head": without("head"),
    "no tail": without("tail"),
    "unknown key": {**DIRECTED, "heads": ["X"]},
    "unknown keys of several kinds": {**DIRECTED, "heads": ["X"], 3: 4},
    "empty label": {**DIRECTED, "label": ""},
    "label is a number": {**DIRECTED, "label": 3},
    "label is a list": {**DIRECTED, "label": ["A"]},
    "empty head": {**DIRECTED, "head": []},
    "empty type": {**DIRECTED, "tail": [""]},
    "type is a number": {**DIRECTED, "tail": [1]},
    "tail is none": {**DIRECTED, "tail": None},
    "symmetric is a string": {**DIRECTED, "symmetric": "no"},
}


@pytest.mark.parametrize("entry", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_entry_is_an_error_that_shows_it(entry):
    with pytest.raises(BioreError, match="BR001") as caught:
        Schema.from_config([SYMMETRIC, entry])
    assert repr(entry) in str(caught.value)


def test_label_twice_is_an_error():
    with pytest.raises(BioreError, match=r"BR001.*twice"):
        Schema.from_config([DIRECTED, {**SYMMETRIC, "label": "INHIBITS"}])


def test_round_trip_through_json():
    schema = Schema.from_config([SYMMETRIC, DIRECTED, ONE_WAY_SYMMETRIC])
    again = Schema.from_config(json.loads(json.dumps(schema.to_config())))
    assert again == schema and hash(again) == hash(schema)
    assert again.labels == ("BINDS", "INHIBITS", "MEETS")
    assert again["INHIBITS"] == RelationType("INHIBITS", ("CHEMICAL", "GENE"), ("GENE",))
    assert Schema.from_config([DIRECTED]) != Schema.from_config([{**DIRECTED, "symmetric": True}])


def test_a_single_type_may_stand_without_a_list():
    assert Schema.from_config([{"label": "A", "head": "X", "tail": "Y"}]).pair_types() == [("X", "Y")]


def test_schema_of_observed_relations():
    schema = Schema.from_triples([("B", "Y", "X"), ("A", "X", "Z"), ("B", "W", "X"), ("B", "Y", "X")])
    assert schema.types == (RelationType("A", ("X",), ("Z",)), RelationType("B", ("W", "Y"), ("X",)))
    assert len(Schema.from_triples([])) == 0


@pytest.mark.parametrize(
    ("label", "head", "tail", "allowed"),
    [
        ("INHIBITS", "CHEMICAL", "GENE", True),
        ("INHIBITS", "GENE", "CHEMICAL", False),
        ("INHIBITS", "CHEMICAL", "DISEASE", False),
        ("BINDS", "GENE", "GENE", True),
        ("MEETS", "GENE", "DISEASE", True),
        ("MEETS", "DISEASE", "GENE", True),
        ("OTHER", "GENE", "GENE", False),
    ],
)
def test_what_may_hold_between_which_types(label: str, head: str, tail: str, allowed: bool):
    assert Schema.from_config([DIRECTED, SYMMETRIC, ONE_WAY_SYMMETRIC]).allows(label, head, tail) is allowed


def test_tables_agree_with_the_types():
    schema = Schema.from_config([DIRECTED, SYMMETRIC, ONE_WAY_SYMMETRIC])
    assert schema.entity_types == ("CHEMICAL", "DISEASE", "GENE")
    assert schema.type_ids(["GENE", "PLANT", "CHEMICAL"]).tolist() == [2, -1, 0]
    for i, head in enumerate(schema.entity_types):
        for j, tail in enumerate(schema.entity_types):
            assert schema.label_table[i, j].tolist() == [t.allows(head, tail) for t in schema.types]
    # Only BINDS takes the same types both ways round.
    assert schema.ordered_table.sum() == 1 and schema.ordered_table[2, 2, 1]
