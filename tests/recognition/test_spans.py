"""The pieces of a text that a transformer reads at once."""

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy_transformers.util import registry

from spacy_biore.errors import BioreError
from spacy_biore.recognition.spans import configure_even_spans, even_spans

VOCAB = spacy.blank("en").vocab


def bounds(tokens: int, *, length: int, overlap: int) -> list[tuple[int, int]]:
    """Return the spans of a doc of as many tokens, as first and one past the last."""
    [spans] = even_spans([Doc(VOCAB, words=["x"] * tokens)], length, overlap)
    return [(span.start, span.end) for span in spans]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (0, []),
        (1, [(0, 1)]),
        (10, [(0, 10)]),
        (11, [(0, 7), (4, 11)]),
        (17, [(0, 10), (7, 17)]),
        (18, [(0, 8), (5, 13), (10, 18)]),
    ],
)
def test_the_fewest_spans_that_are_equally_long(tokens: int, expected: list[tuple[int, int]]):
    assert bounds(tokens, length=10, overlap=3) == expected


@given(tokens=st.integers(1, 300), length=st.integers(1, 40), data=st.data())
def test_every_token_is_in_a_span(tokens: int, length: int, data: st.DataObject):
    overlap = data.draw(st.integers(0, length - 1))
    spans = bounds(tokens, length=length, overlap=overlap)
    assert spans[0][0] == 0
    assert spans[-1][1] == tokens
    assert {end - start for start, end in spans} == {spans[0][1]}
    assert spans[0][1] <= length
    assert all(end - start >= overlap for (start, _), (_, end) in zip(spans[1:], spans, strict=False))


@pytest.mark.parametrize(("length", "overlap"), [(0, 0), (16, 16), (16, -1)])
def test_an_overlap_as_long_as_a_span_is_refused(length: int, overlap: int):
    with pytest.raises(BioreError, match=rf"BR613.*length is {length} and overlap {overlap}"):
        configure_even_spans(length, overlap)


def test_a_config_finds_it():
    assert registry.span_getters.get("spacy-biore.EvenSpans.v1") is configure_even_spans
