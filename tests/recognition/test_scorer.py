"""Exact-match scores over the types that were annotated."""

import pytest
from spacy.tokens import Span
from spacy.training import Example

from spacy_biore.recognition.annotation import keep_annotated
from spacy_biore.recognition.scorer import SCORE_KEYS, make_entity_scorer


@pytest.fixture
def example(make_doc):
    """A function that makes an example of two marked texts, annotated with some types; None leaves that open."""

    def make(predicted: str, gold: str, types: list[str] | None = None) -> Example:
        reference = make_doc(gold)
        if types is not None:
            keep_annotated(reference, types)
        return Example(make_doc(predicted), reference)

    return make


score = make_entity_scorer()


def test_only_annotated_types_count(example):
    scores = score(
        [
            # A gene where genes were not annotated is no mistake; a disease where there is none is one.
            example("[a|CHEMICAL] [b|GENE] [c|DISEASE]", "[a|CHEMICAL] b c", ["CHEMICAL", "DISEASE"]),
            example("[a|CHEMICAL] b [c|GENE]", "a [b|GENE] [c|GENE]", ["GENE"]),
        ]
    )
    assert scores["ents_per_type"] == {
        "CHEMICAL": {"p": 1, "r": 1, "f": 1},
        "DISEASE": {"p": 0, "r": 0, "f": 0},
        "GENE": {"p": 1, "r": 0.5, "f": pytest.approx(2 / 3)},
    }
    assert (scores["ents_p"], scores["ents_r"]) == pytest.approx((2 / 3, 2 / 3))
    assert scores["ents_f"] == pytest.approx(2 / 3)


def test_unmarked_documents_are_annotated_with_all_types_of_their_corpus(example):
    scores = score([example("[a|GENE] [b|SPECIES]", "a b"), example("[a|CHEMICAL]", "[a|GENE]")])
    assert scores["ents_per_type"] == {"GENE": {"p": 0, "r": 0, "f": 0}}
    marked = example("[a|SPECIES]", "[a|SPECIES]", ["SPECIES"])
    scores = score([example("[b|SPECIES]", "b"), example("[a|GENE]", "[a|GENE]"), marked])
    assert (scores["ents_p"], scores["ents_r"]) == (1, 1)


def test_boundaries_and_type_must_be_right(example):
    assert score([example("[a b|GENE] c", "[a|GENE] [b|GENE] [c|GENE]")])["ents_f"] == 0
    assert score([example("[a|GENE] [c|DRUG]", "[a|DRUG] [c|GENE]")])["ents_f"] == 0


def test_mentions_inside_others_are_missed_unless_a_span_group_has_them(make_doc):
    doc, predicted = make_doc("[a b|GENE]"), make_doc("[a b|GENE]")
    doc.spans["entities"] = [*doc.ents, Span(doc, 0, 1, label="CHEMICAL"), Span(doc, 0, 2, label="GENE")]
    scores = score([Example(predicted, doc)])
    assert (scores["ents_p"], scores["ents_r"]) == (1, 0.5)
    predicted.spans["entities"] = [Span(predicted, 0, 1, label="CHEMICAL")]  # doc.ents count as well
    assert score([Example(predicted, doc)])["ents_f"] == 1


def test_tokens_may_differ(make_doc, example):
    one = example("[E-cadherin|GENE] here", "[E-cadherin|GENE] here")
    words = one.predicted.copy()
    with words.retokenize() as retokenizer:
        retokenizer.merge(words[0:3])
    words.set_ents([Span(words, 0, 1, label="GENE")])
    assert len(words) < len(one.reference)
    assert score([Example(words, one.reference)])["ents_f"] == 1


@pytest.mark.parametrize("texts", [[], [("[a|GENE]", "a")], [("", "")]])
def test_nothing_to_find_is_no_score(example, texts):
    assert score([example(*pair) for pair in texts]) == dict.fromkeys(SCORE_KEYS)
    assert score([example(*pair, ["GENE"]) for pair in texts]) == dict.fromkeys(SCORE_KEYS)
