"""What becomes of the entities of several components."""

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_biore.recognition.merging import (
    add_entities,
    forget_entities,
    hidden_entities,
    merge_entities,
    record_mentions,
    trim_entities,
)

VOCAB = spacy.blank("en").vocab


def make(*spans: tuple[int, int, str], length: int = 8) -> list[Span]:
    doc = Doc(VOCAB, words=[str(i) for i in range(length)])
    return [Span(doc, start, end, label=label) for start, end, label in spans]


def shown(spans) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label_) for span in spans]


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        ([(0, 1, "A")], [(2, 3, "B")], [(0, 1, "A"), (2, 3, "B")]),
        ([(0, 1, "A")], [(0, 2, "B")], [(0, 2, "B")]),
        ([(0, 3, "A")], [(1, 2, "B")], [(0, 3, "A")]),
        ([(0, 2, "A")], [(0, 2, "B")], [(0, 2, "A")]),
        # Of equally long ones the earlier, also where the later begins first.
        ([(1, 3, "A")], [(0, 2, "B")], [(1, 3, "A")]),
        # A mention that lost makes no other give way.
        ([(0, 4, "A")], [(3, 6, "B"), (6, 7, "B")], [(0, 4, "A"), (6, 7, "B")]),
        ([], [(0, 1, "B")], [(0, 1, "B")]),
        ([], [], []),
    ],
)
def test_longest_mention_stays_and_the_earlier_of_equally_long_ones(earlier, later, expected):
    assert shown(merge_entities(make(*earlier), make(*later))) == expected


def apart(draws: list[tuple[int, int]], label: str) -> list[tuple[int, int, str]]:
    """Lay mentions of the drawn lengths and distances one after the other."""
    spans, end = [], 0
    for distance, length in draws:
        spans.append((end + distance, end + distance + length, label))
        end += distance + length
    return spans


@given(*[st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=5)] * 2)
def test_result_never_overlaps_and_all_that_is_left_out_overlaps_something(first, second):
    given_spans = [make(*apart(draws, label), length=40) for draws, label in ((first, "A"), (second, "B"))]
    merged = shown(merge_entities(*given_spans))
    tokens = [i for start, end, _ in merged for i in range(start, end)]
    assert len(tokens) == len(set(tokens)) and merged == sorted(merged)
    for start, end, label in shown([*given_spans[0], *given_spans[1]]):
        assert (start, end, label) in merged or set(range(start, end)) & set(tokens)


def test_hidden_entities_come_back_with_all_that_is_known_of_them():
    doc = Doc(VOCAB, words=list("abcdef"))
    blocked = doc[5:6]
    doc.set_ents([Span(doc, 0, 2, "A", kb_id="K", span_id="T1"), Span(doc, 2, 3, "B")], blocked=[blocked])
    before = [(t.ent_iob, t.ent_type, t.ent_kb_id, t.ent_id) for t in doc]
    with pytest.raises(RuntimeError), hidden_entities([doc]):
        assert not doc.ents and not any(t.ent_id or t.ent_kb_id for t in doc)
        assert [t.ent_iob for t in doc] == [0, 0, 0, 2, 2, 3]
        raise RuntimeError
    assert [(t.ent_iob, t.ent_type, t.ent_kb_id, t.ent_id) for t in doc] == before


def test_ids_of_an_entity_that_gives_way_are_gone():
    doc = Doc(VOCAB, words=list("abcd"))
    doc.set_ents([Span(doc, 0, 1, "A", kb_id="K", span_id="T1"), Span(doc, 3, 4, "A", kb_id="L", span_id="T2")])
    earlier = forget_entities(doc)
    doc.set_ents([Span(doc, 0, 2, "B")])
    add_entities(doc, earlier)
    found = [(span.start, span.end, span.label_, span.kb_id_, span.id_) for span in doc.ents]
    assert found == [(0, 2, "B", "", ""), (3, 4, "A", "L", "T2")]


def test_span_group_holds_mentions_of_several_types_inside_each_other():
    spans = make((0, 3, "A"), (1, 2, "B"), (1, 3, "B"), (5, 6, "C"), (5, 6, "B"))
    doc = spans[0].doc
    record_mentions(doc, "all", types=["A"], earlier=[spans[3]], found=[spans[0]])
    assert shown(doc.spans["all"]) == [(0, 3, "A"), (5, 6, "C")]
    for _ in range(2):  # a Doc may pass through a pipeline again
        record_mentions(doc, "all", types=["B"], earlier=[spans[0], spans[3]], found=[spans[1], spans[2], spans[4]])
        assert shown(doc.spans["all"]) == [(0, 3, "A"), (1, 3, "B"), (5, 6, "B"), (5, 6, "C")]


def test_span_group_is_there_without_a_mention():
    doc = Doc(VOCAB, words=["a"])
    record_mentions(doc, "all", types=["A"], earlier=[], found=[])
    assert list(doc.spans["all"]) == []


def test_entities_are_trimmed():
    doc = Doc(VOCAB, words=["\n", "a", " ", "b", "\n", "c", "  ", "d"], spaces=[False] * 8)
    doc.set_ents([Span(doc, s, e, label=label, span_id="i") for s, e, label in [(0, 5, "A"), (5, 6, "B"), (6, 7, "C")]])
    trim_entities(doc)
    assert shown(doc.ents) == [(1, 4, "A"), (5, 6, "B")]
    assert [token.ent_iob_ for token in doc] == ["O", "B", "I", "I", "O", "B", "O", "O"]
    assert {entity.id_ for entity in doc.ents} == {"i"}
