"""Candidate pairs: scope, distance, cap, types, direction, overlaps; and all of it against a plain double loop."""

import itertools

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_biore.candidates import make_candidate_generator
from spacy_biore.errors import BioreError
from spacy_biore.schema import Schema

TEXT = "[c0|CHEMICAL] x [g1|GENE] y z [c2|CHEMICAL]. [g3|GENE] and [d4|DISEASE]. w [c5|CHEMICAL] [g6|GENE]."


@pytest.fixture(scope="module")
def schema(schema_config) -> Schema:
    return Schema.from_config(schema_config)


def pair_texts(doc: Doc, schema: Schema, **settings) -> set[str]:
    found = make_candidate_generator(**settings)(doc, schema)
    return {
        f"{doc[m.start : m.end].text} {doc[n.start : n.end].text}"
        for m, n in ((found.head(row), found.tail(row)) for row in range(len(found)))
    }


SCOPES = [
    ({}, {"c0 g1", "c2 g1", "c5 g6"}),
    ({"scope": "window", "window": 0}, {"c0 g1", "c2 g1", "c5 g6"}),
    ({"scope": "window"}, {"c0 g1", "c0 g3", "c2 g1", "c2 g3", "c5 g3", "c5 g6", "g1 g3", "g3 g6"}),
    (
        {"scope": "document"},
        {f"{c} {g}" for c in ("c0", "c2", "c5") for g in ("g1", "g3", "g6")} | {"g1 g3", "g1 g6", "g3 g6"},
    ),
    ({"max_distance": 1}, {"c0 g1", "c5 g6"}),
    ({"max_distance": 0}, {"c5 g6"}),
    ({"max_pairs": 2}, {"c0 g1", "c5 g6"}),
    ({"scope": "document", "max_distance": 2, "max_pairs": 3}, {"c0 g1", "c2 g3", "c5 g6"}),
]


@pytest.mark.parametrize(("config", "expected"), SCOPES, ids=[str(config) for config, _ in SCOPES])
def test_which_pairs_are_candidates(make_doc, schema, config, expected):
    assert pair_texts(make_doc(TEXT), schema, **config) == expected


def test_what_is_left_out_is_counted(make_doc, schema):
    generate = make_candidate_generator("document", max_distance=4, max_pairs=2)
    found = generate(make_doc(TEXT), schema)
    total = len(make_candidate_generator("document")(make_doc(TEXT), schema))
    near = len(make_candidate_generator("document", max_distance=4)(make_doc(TEXT), schema))
    assert found.left_out == {"crowd": 0, "distance": total - near, "cap": near - 2}
    assert total > near > 2


def test_symmetric_pair_is_read_in_text_order_only(make_doc, schema):
    found = make_candidate_generator()(make_doc("[b|GENE] and [a|GENE]."), schema)
    assert found.pairs.tolist() == [[0, 1]]
    assert found.allowed.tolist() == [[False, True]]


def test_symmetric_and_directed_labels_on_the_same_types(make_doc):
    entries = [{"label": label, "head": "GENE", "tail": "GENE", "symmetric": label == "S"} for label in "DS"]
    found = make_candidate_generator()(make_doc("[b|GENE] and [a|GENE]."), Schema.from_config(entries))
    assert found.pairs.tolist() == [[0, 1], [1, 0]]
    assert found.allowed.tolist() == [[True, True], [True, False]]


def test_symmetric_between_two_types_keeps_the_order_of_the_schema(make_doc):
    schema = Schema.from_config([{"label": "S", "head": "GENE", "tail": "DISEASE", "symmetric": True}])
    assert pair_texts(make_doc("[d|DISEASE] of [g|GENE]."), schema) == {"g d"}


@pytest.mark.parametrize(("ids", "pairs"), [(("T1", "T2"), 1), (("", ""), 0), (("T1", "T1"), 0), (("", "T2"), 0)])
def test_same_characters_with_two_types_are_two_mentions(make_doc, schema, ids, pairs):
    """They are a pair where a corpus says that they are two; else a mention would be related to itself."""
    doc = make_doc("Free insulin binds.")
    types = ["GENE", "CHEMICAL"]
    doc.spans["sc"] = [Span(doc, 1, 2, label=label, span_id=name) for label, name in zip(types, ids, strict=True)]
    found = make_candidate_generator(spans_key="sc", max_distance=0)(doc, schema)
    assert len(found.mentions) == 2
    assert [(found.head(row).type, found.tail(row).type) for row in range(len(found))] == [("CHEMICAL", "GENE")] * pairs


def test_one_place_with_two_types_has_pairs_with_others(make_doc, schema):
    doc = make_doc("[ozone|CHEMICAL] spares insulin.")
    doc.spans["sc"] = [*doc.ents, *(Span(doc, 2, 3, label=label) for label in ("GENE", "CHEMICAL"))]
    assert pair_texts(doc, schema, spans_key="sc") == {"ozone insulin"}


def test_one_token_doc(make_doc, schema):
    doc = make_doc("insulin", sentences=False)
    doc.spans["sc"] = [Span(doc, 0, 1, label=label, span_id=label) for label in ("GENE", "CHEMICAL")]
    assert len(make_candidate_generator(spans_key="sc")(doc, schema)) == 1


def test_mentions_that_only_their_ids_tell_apart_are_one_pair(make_doc):
    doc = make_doc("DRUGA-DRUGB combined .", [])
    doc.spans["entities"] = [Span(doc, 0, 1, label="DRUG", span_id=name) for name in ("T1", "T2", "T2")]
    schema = Schema.from_triples([("INTERACTS", "DRUG", "DRUG")])
    found = make_candidate_generator(spans_key="entities")(doc, schema)
    assert len(found.mentions) == 2
    assert len(found) == 1


def test_mentions_that_look_the_same_make_one_pair_with_a_third(make_doc, schema):
    doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] .")
    gene = doc.ents[1]
    twins = [Span(doc, gene.start, gene.end, label="GENE", span_id=name) for name in ("1", "2", "3")]
    doc.spans["sc"] = [doc.ents[0], *twins]
    found = make_candidate_generator(spans_key="sc")(doc, schema)
    pairs = [(found.head(row), found.tail(row)) for row in range(len(found))]
    texts = [tuple(doc.text[m.start_char : m.end_char] for m in pair) for pair in pairs]
    assert texts == [("aspirin", "ptgs"), ("ptgs", "ptgs")]


def test_overlapping_and_nested_mentions(make_doc, schema, span_of):
    doc = make_doc("The alpha beta gamma delta acts.")
    mentions = [("alpha beta gamma", "CHEMICAL"), ("beta", "GENE"), ("gamma delta", "GENE"), ("beta", "GENE")]
    doc.spans["sc"] = [span_of(doc, text, label) for text, label in mentions]
    doc.set_ents([span_of(doc, "alpha beta gamma", "CHEMICAL")])
    assert pair_texts(doc, schema, spans_key="sc", max_distance=0) == {
        "alpha beta gamma beta",
        "alpha beta gamma gamma delta",
        "beta gamma delta",
    }


def test_span_group_is_read_besides_the_entities(make_doc, schema, span_of):
    """A ruler behind recognisers that write a span group sets ``doc.ents`` alone."""
    doc = make_doc("[c|CHEMICAL] blocks [g|GENE] and h.")
    assert pair_texts(doc, schema, spans_key="sc") == {"c g"}
    doc.spans["sc"] = [span_of(doc, "g", "GENE"), span_of(doc, "h", "GENE")]
    assert pair_texts(doc, schema, spans_key="sc") == {"c g", "c h", "g h"}
    assert pair_texts(doc, schema) == {"c g"}
    doc.spans["sc"] = []
    assert pair_texts(doc, schema, spans_key="sc") == {"c g"}


def test_sentences_are_those_that_a_hook_gives(make_doc, schema):
    doc = make_doc("[c|CHEMICAL] x [g|GENE] y [h|GENE]")
    assert pair_texts(doc, schema) == {"c g", "c h", "g h"}
    doc.user_hooks["sents"] = lambda doc: iter([doc[:3], doc[3:]])
    assert pair_texts(doc, schema) == {"c g"}


@pytest.mark.parametrize("text", ["", "Nothing.", "[c|CHEMICAL] alone.", "[d|DISEASE] of [p|PLANT] and [d|DISEASE]."])
def test_no_candidates(make_doc, schema, text):
    found = make_candidate_generator()(make_doc(text), schema)
    assert len(found) == 0
    assert found.pairs.shape == (0, 2) and found.allowed.shape == (0, 2)
    assert all(mention.type in schema.entity_types for mention in found.mentions)


def test_empty_schema_has_no_candidates(make_doc):
    assert len(make_candidate_generator("document")(make_doc(TEXT), Schema())) == 0


def test_without_sentence_boundaries(make_doc, schema):
    doc = make_doc(TEXT, sentences=False)
    doc.user_data["biore_doc_id"] = "PMID7"
    for scope in ("sentence", "window"):
        with pytest.raises(BioreError, match=f"BR011.*PMID7.*{scope}"):
            make_candidate_generator(scope)(doc, schema)
    assert len(make_candidate_generator("document")(doc, schema)) == 12


@pytest.mark.parametrize(
    "config", [{"scope": "page"}, {"window": -1}, {"max_distance": -1}, {"max_pairs": 0}], ids=lambda c: next(iter(c))
)
def test_setting_out_of_range(config):
    with pytest.raises(BioreError, match=f"BR010.*{next(iter(config))}"):
        make_candidate_generator(**config)


# --- against an oracle ---

VOCAB = spacy.blank("xx").vocab
TYPES = ["A", "B", "C", "OTHER"]
RELATION_TYPES = st.builds(
    lambda head, tail, symmetric: {"head": sorted(head), "tail": sorted(tail), "symmetric": symmetric},
    st.sets(st.sampled_from(TYPES[:3]), min_size=1),
    st.sets(st.sampled_from(TYPES[:3]), min_size=1),
    st.booleans(),
)


@st.composite
def docs(draw) -> Doc:
    n_tokens = draw(st.integers(1, 14))
    starts = [True, *(draw(st.booleans()) for _ in range(n_tokens - 1))]
    doc = Doc(VOCAB, words=[f"w{i}" for i in range(n_tokens)], sent_starts=starts)
    spans = st.tuples(st.integers(0, n_tokens - 1), st.integers(1, 4), st.sampled_from(TYPES))
    group = [Span(doc, s, min(s + n, n_tokens), label=t) for s, n, t in draw(st.lists(spans, max_size=7))]
    doc.spans["m"] = group
    return doc


def oracle(doc: Doc, schema: Schema, reach: int | None, max_distance: int | None) -> dict[tuple, tuple]:
    """Say of every ordered pair of distinct mentions which labels it may have and how far apart it is."""
    sentence_of = {token.i: n for n, sentence in enumerate(doc.sents) for token in sentence}
    mentions = sorted({(s.start, s.end, s.label_) for s in doc.spans["m"] if s.label_ in schema.entity_types})
    pairs = {}
    for head, tail in itertools.permutations(mentions, 2):
        if head[:2] == tail[:2]:
            continue
        gap = max(tail[0] - head[1], head[0] - tail[1], 0)
        if reach is not None and abs(sentence_of[head[0]] - sentence_of[tail[0]]) > reach:
            continue
        if max_distance is not None and gap > max_distance:
            continue
        allowed = []
        for t in schema.types:
            both_ways = t.allows(head[2], tail[2]) and t.allows(tail[2], head[2])
            allowed.append(t.allows(head[2], tail[2]) and not (t.symmetric and both_ways and tail < head))
        if any(allowed):
            pairs[head, tail] = (gap, tuple(allowed))
    return pairs


@settings(max_examples=150, deadline=None)
@given(
    doc=docs(),
    types=st.lists(RELATION_TYPES, min_size=1, max_size=3),
    scope=st.sampled_from(["sentence", "window", "document"]),
    window=st.integers(0, 3),
    max_distance=st.none() | st.integers(0, 5),
    max_pairs=st.none() | st.integers(1, 6),
)
def test_generator_agrees_with_a_double_loop(doc, types, scope, window, max_distance, max_pairs):
    schema = Schema.from_config([{"label": f"L{i}", **entry} for i, entry in enumerate(types)])
    generate = make_candidate_generator(scope, window, max_distance, max_pairs, spans_key="m")
    found = generate(doc, schema)
    reach = {"sentence": 0, "window": window, "document": None}[scope]
    expected = oracle(doc, schema, reach, max_distance)
    keys = [tuple((m.start, m.end, m.type) for m in (found.head(row), found.tail(row))) for row in range(len(found))]
    assert len(set(keys)) == len(keys) == min(len(expected), max_pairs or len(expected))
    assert all(expected[key][1] == tuple(found.allowed[row].tolist()) for row, key in enumerate(keys))
    # The cap keeps the closest.
    left = [gap for key, (gap, _) in expected.items() if key not in set(keys)]
    assert not (left and keys) or max(expected[key][0] for key in keys) <= min(left)
    assert found.left_out.get("cap", 0) == len(left)


def test_many_mentions_are_paired_within_their_sentence_without_a_square_of_all(schema):
    n_sentences = 5000
    words, starts = ["c", "g"] * n_sentences, [True, False] * n_sentences
    doc = Doc(VOCAB, words=words, sent_starts=starts)
    doc.set_ents([Span(doc, i, i + 1, label=("CHEMICAL", "GENE")[i % 2]) for i in range(len(doc))])
    found = make_candidate_generator()(doc, schema)
    assert np.array_equal(found.pairs, np.arange(2 * n_sentences).reshape(-1, 2))
