"""The entity type mapper: what it renames, drops and leaves alone, and that it survives being saved."""

from collections.abc import Callable
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from spacy_biore.assembly.type_mapper import EntityTypeMapper
from spacy_biore.errors import BioreError

TEXT = "[aspirin|DRUG] blocks [ptgs|GGP] in the [liver|ORGAN] of a [mouse|TAXON] ."
TYPES = [["DRUG", "CHEMICAL"], ["GGP", "GENE"], ["ORGAN", None]]


def types_of(doc: Doc) -> dict[str, str]:
    return {span.text: span.label_ for span in doc.ents}


@pytest.fixture
def mapper() -> EntityTypeMapper:
    return EntityTypeMapper(types=TYPES, spans_keys=["entities"])


@pytest.fixture
def nlp() -> Language:
    nlp = spacy.blank("en")
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "DRUG", "pattern": "aspirin", "id": "D1"}, {"label": "ORGAN", "pattern": "liver"}])
    nlp.add_pipe("entity_type_mapper", config={"types": TYPES})
    return nlp


def test_renames_and_drops_and_leaves_others(mapper: EntityTypeMapper, make_doc: Callable[..., Doc]):
    assert types_of(mapper(make_doc(TEXT))) == {"aspirin": "CHEMICAL", "ptgs": "GENE", "mouse": "TAXON"}


def test_names_are_not_mapped_twice(make_doc: Callable[..., Doc]):
    swap = EntityTypeMapper(types=[["DRUG", "GGP"], ["GGP", "DRUG"]])
    doc = swap(make_doc("[aspirin|DRUG] blocks [ptgs|GGP] ."))
    assert types_of(doc) == {"aspirin": "GGP", "ptgs": "DRUG"}


def test_ids_and_attributes_of_an_entity_stay(mapper: EntityTypeMapper, make_doc: Callable[..., Doc]):
    doc = make_doc("[aspirin|DRUG] works .")
    doc.ents = [Span(doc, 0, 1, label="DRUG", kb_id="D001241", span_id="mine")]
    doc.ents[0]._.long_form = "acetylsalicylic acid"
    entity = mapper(doc).ents[0]
    assert (entity.label_, entity.kb_id_, entity.id_, entity.ent_id_) == ("CHEMICAL", "D001241", "mine", "mine")
    assert entity._.long_form == "acetylsalicylic acid"


def test_tokens_of_which_nothing_is_known_stay_so(mapper: EntityTypeMapper, make_doc: Callable[..., Doc]):
    doc = make_doc("[aspirin|DRUG] works on the [liver|ORGAN] .")
    doc.set_ents(list(doc.ents), default="missing")
    mapper(doc)
    assert [token.ent_iob_ for token in doc] == ["B", "", "", "", "O", ""]


def test_span_groups_are_mapped_when_named(mapper: EntityTypeMapper, make_doc: Callable[..., Doc]):
    doc = make_doc(TEXT, spans_key="entities")
    doc.spans["other"] = list(doc.ents)
    mapper(doc)
    assert [span.label_ for span in doc.spans["entities"]] == ["CHEMICAL", "GENE", "TAXON"]
    assert [span.label_ for span in doc.spans["other"]] == ["DRUG", "GGP", "ORGAN", "TAXON"]


def test_nested_mentions_of_a_group_stay_nested(mapper: EntityTypeMapper, make_doc: Callable[..., Doc]):
    doc = make_doc("aspirin ptgs complex works .")
    spans = [Span(doc, 0, 3, label="DRUG"), Span(doc, 1, 2, label="GGP")]
    doc.spans["entities"] = SpanGroup(doc, name="entities", spans=spans, attrs={"scores": [0.5, 0.75]})
    group = mapper(doc).spans["entities"]
    assert [(span.text, span.label_) for span in group] == [("aspirin ptgs complex", "CHEMICAL"), ("ptgs", "GENE")]
    assert group.attrs == {"scores": [0.5, 0.75]}


def test_attributes_of_a_group_that_lost_spans_are_left_behind(mapper: EntityTypeMapper, make_doc: Callable[..., Doc]):
    doc = make_doc(TEXT)
    doc.spans["entities"] = SpanGroup(doc, spans=list(doc.ents), attrs={"scores": [1, 2, 3, 4]})
    assert (len(mapper(doc).spans["entities"]), doc.spans["entities"].attrs) == (3, {})


@pytest.mark.parametrize("text", ["", " ", "\n\n", "x", "😀"])
def test_text_without_entities(nlp: Language, text: str):
    assert nlp(text).ents == ()


def test_says_what_becomes_of_labels(mapper: EntityTypeMapper):
    assert mapper.map_labels(["DRUG", "ORGAN", "TAXON"]) == {"CHEMICAL", "TAXON"}


def test_survives_disk(nlp: Language, tmp_path: Any):
    nlp.to_disk(tmp_path)
    assert types_of(spacy.load(tmp_path)("aspirin and the liver")) == {"aspirin": "CHEMICAL"}


@pytest.mark.parametrize("label", ["HP:0001", "A=B", "[X]", "A B", "a.b", "β", "#1"])
def test_any_label_survives_disk(label: str, tmp_path: Any):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_type_mapper", config={"types": [[label, f"{label}:="], ["OTHER", None]]})
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path).get_pipe("entity_type_mapper").types == {label: f"{label}:=", "OTHER": None}  # type: ignore[attr-defined]


def test_several_processes(nlp: Language):
    docs = nlp.pipe(["aspirin", "the liver", ""] * 2, n_process=2, batch_size=2)
    assert [types_of(doc) for doc in docs] == [{"aspirin": "CHEMICAL"}, {}, {}] * 2


@pytest.mark.parametrize("types", [[["A", "B"], ["A", "C"]], [["A"]], [["", "B"]], [["A", ""]], [[None, "A"]]])
def test_wrong_map_is_an_error(types: list[Any]):
    with pytest.raises(BioreError, match="BR603"):
        EntityTypeMapper(types=types)
