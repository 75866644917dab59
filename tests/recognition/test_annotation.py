"""Which types a gold document was annotated with, and what it says about them."""

import pytest
from spacy.tokens import Doc, Span

from spacy_biore.recognition.annotation import all_mentions, annotated_types, is_annotated, keep_annotated, restricted
from spacy_biore.relations import get_records

TEXT = "[aspirin|CHEMICAL] and [headache|DISEASE] of [ptgs|GENE] mice ."


def shown(spans) -> list[tuple[str, str]]:
    return [(span.text, span.label_) for span in spans]


@pytest.fixture
def nested(make_doc) -> Doc:
    """A doc with a chemical inside the name of a gene, which only its span group holds."""
    doc = make_doc("The [folate receptor|GENE] binds [zinc|CHEMICAL].")
    doc.spans["entities"] = [*doc.ents, Span(doc, 1, 2, label="CHEMICAL")]
    return doc


def test_unmarked_doc_counts_as_annotated_with_everything(make_doc):
    doc = make_doc(TEXT)
    assert annotated_types(doc) is None
    assert is_annotated(doc, ["CHEMICAL", "SPECIES"])


def test_marked_doc_is_annotated_with_its_types_only(make_doc):
    doc = make_doc(TEXT, [(0, 2, "INHIBITS")], spans_key="entities")
    keep_annotated(doc, ["DISEASE", "CHEMICAL"])
    assert annotated_types(doc) == {"CHEMICAL", "DISEASE"}
    assert is_annotated(doc, ["DISEASE"]) and not is_annotated(doc, ["DISEASE", "GENE"])
    assert shown(doc.ents) == shown(all_mentions(doc)) == [("aspirin", "CHEMICAL"), ("headache", "DISEASE")]
    assert get_records(doc) == []


def test_restricted_to_types_that_were_annotated(make_doc):
    doc = restricted(make_doc(TEXT), ["CHEMICAL", "GENE"])
    assert shown(doc.ents) == [("aspirin", "CHEMICAL"), ("ptgs", "GENE")]
    assert [token.ent_iob_ for token in doc] == ["B", "O", "O", "O", "B", "O", "O"]


def test_restricted_to_types_of_which_one_was_not_annotated(make_doc):
    doc = make_doc(TEXT)
    keep_annotated(doc, ["CHEMICAL", "DISEASE"])
    assert not restricted(doc, ["GENE"]).has_annotation("ENT_IOB")
    assert not restricted(doc, ["CHEMICAL", "GENE"]).has_annotation("ENT_IOB")
    assert restricted(doc, ["CHEMICAL"]).has_annotation("ENT_IOB")


def test_annotated_doc_without_a_mention_says_that_there_is_none(make_doc):
    doc = make_doc("No mention here.")
    keep_annotated(doc, ["GENE"])
    assert {token.ent_iob_ for token in restricted(doc, ["GENE"])} == {"O"}


def test_mention_inside_one_of_another_type_is_not_lost(nested):
    assert shown(restricted(nested, ["CHEMICAL"]).ents) == [("folate", "CHEMICAL"), ("zinc", "CHEMICAL")]
    assert shown(restricted(nested, ["GENE"]).ents) == [("folate receptor", "GENE")]
    keep_annotated(nested, ["CHEMICAL"])
    assert shown(nested.ents) == [("folate", "CHEMICAL"), ("zinc", "CHEMICAL")]


def test_tokens_of_which_nothing_is_known_stay_such(make_doc):
    doc = make_doc(TEXT)
    doc.set_ents([], missing=[doc[4:6]], default="unmodified")
    new = restricted(doc, ["CHEMICAL"])
    assert [token.ent_iob_ for token in new] == ["B", "O", "O", "O", "", "", "O"]
    assert new.text == doc.text
