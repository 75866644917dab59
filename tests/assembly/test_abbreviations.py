"""Abbreviations: relations on a short form tell the long form, in every place where relations are kept."""

import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from spacy_biore import as_doc, from_docs, get_records, register_extensions, set_records
from spacy_biore.assembly.assemble import assemble
from spacy_biore.errors import BioreError
from spacy_biore.relations import relation_record

LONG = "epidermal growth factor receptor"
TEXT = f"The {LONG} (EGFR) is a gene. Here aspirin blocked EGFR."
PLAIN = "[aspirin|CHEMICAL] blocked [ptgs|GENE] ."


@pytest.fixture(scope="module")
def nlp(make_recogniser: Callable[..., Language], relation_nlp: Language) -> Language:
    pytest.importorskip("scispacy")
    recogniser = make_recogniser(["CHEMICAL", "GENE"], terms={"aspirin": "CHEMICAL", "EGFR": "GENE"})
    return assemble(recogniser, relation_nlp).nlp


@pytest.fixture
def doc(nlp: Language) -> Doc:
    doc = nlp(TEXT)
    assert [(r.head.text, r.tail.text) for r in doc._.relations if r.label == "INHIBITS"] == [("aspirin", "EGFR")]
    return doc


def long_forms(doc: Doc) -> list[tuple[Any, Any]]:
    return [(r.head._.long_form, r.tail._.long_form) for r in doc._.relations if r.label == "INHIBITS"]


def test_relation_on_a_short_form_tells_the_long_form(doc: Doc):
    assert long_forms(doc) == [(None, LONG)]


def test_records_hold_the_long_form_only_where_there_is_one(doc: Doc):
    record = next(record for record in get_records(doc) if record["label"] == "INHIBITS")
    assert record["tail"]["long_form"] == LONG
    assert "long_form" not in record["head"]


def test_long_form_survives_copy_bytes_and_docbin(doc: Doc):
    again = Doc(doc.vocab).from_bytes(doc.to_bytes())
    [stored] = DocBin(docs=[doc], store_user_data=True).get_docs(doc.vocab)
    assert long_forms(doc.copy()) == long_forms(again) == long_forms(stored) == [(None, LONG)]


def test_long_form_survives_json(doc: Doc):
    again = Doc(doc.vocab).from_json(doc.to_json(underscore=["relation_records"]))
    assert long_forms(again) == [(None, LONG)]


def test_long_form_survives_cutting_and_joining(doc: Doc):
    joined = from_docs([doc, doc])
    assert joined is not None
    assert long_forms(joined) == [(None, LONG)] * 2
    assert long_forms(as_doc(list(doc.sents)[1])) == [(None, LONG)]


def test_a_mention_without_a_relation_keeps_its_long_form_in_a_part(doc: Doc):
    part = as_doc(doc[1:10])
    assert not part._.relations
    assert [(entity.text, entity._.long_form) for entity in part.ents] == [("EGFR", LONG)]


def forms(doc: Doc) -> list[tuple[str, str]]:
    """The short and long forms that the abbreviations of a Doc point at."""
    found = [
        tuple(doc[one[f"{form}_start"] : one[f"{form}_end"]].text for form in ("short", "long"))
        for one in doc._.abbreviations
    ]
    assert found == [(one["short_text"], one["long_text"]) for one in doc._.abbreviations]
    return found


def test_abbreviations_survive_cutting_and_joining(nlp: Language, doc: Doc):
    plain = nlp("No abbreviation here")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        joined = from_docs([plain, doc, plain, doc])
        second, alone = as_doc(doc[4:]), from_docs([plain, plain])
    assert joined is not None and alone is not None
    assert forms(joined) == [("EGFR", LONG)] * 4 and alone._.abbreviations == []
    # Of the second place the long form is not there.
    assert second._.abbreviations == []
    assert forms(as_doc(doc[1:10])) == [("EGFR", LONG)]
    assert forms(as_doc(joined[4:])) == [("EGFR", LONG)] * 4
    assert len(doc._.abbreviations) == 2


def test_without_a_detector_there_is_no_long_form(make_doc: Callable[..., Doc]):
    doc = make_doc(PLAIN, [(0, 1, "INHIBITS")])
    assert long_forms(doc) == [(None, None)]
    assert "long_form" not in get_records(doc)[0]["tail"]


def test_long_form_of_a_detector_is_not_replaced(make_doc: Callable[..., Doc]):
    doc = make_doc(PLAIN, [(0, 1, "INHIBITS")])
    doc.ents[1]._.long_form = "theirs"
    record = get_records(doc)[0]
    set_records(doc, [{**record, "tail": {**record["tail"], "long_form": "ours"}}])
    assert long_forms(doc) == [(None, "theirs")]


def test_long_form_that_is_a_span_becomes_text(make_doc: Callable[..., Doc]):
    """As scispaCy's detector leaves it by default."""
    doc = make_doc(PLAIN)
    doc.ents[1]._.long_form = doc[0:2]
    assert relation_record(doc.ents[0], doc.ents[1], "INHIBITS")["tail"]["long_form"] == "aspirin blocked"


@pytest.mark.parametrize("ours_first", [True, False])
def test_extension_is_shared_with_scispacy(ours_first: bool, make_doc: Callable[..., Doc]):
    abbreviation = pytest.importorskip("scispacy.abbreviation")
    Span.remove_extension("long_form")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if ours_first:
            register_extensions()
        abbreviation.AbbreviationDetector(spacy.blank("en"))
        register_extensions()
    assert Span.get_extension("long_form") == (None, None, None, None)
    assert make_doc(PLAIN).ents[0]._.long_form is None


def test_long_form_over_the_end_of_a_line(nlp: Language):
    doc = nlp("The epidermal growth\n   factor receptor (EGFR) is a gene. Here aspirin blocked EGFR.")
    assert long_forms(doc) == [(None, LONG)]
    assert [record["tail"]["long_form"] for record in get_records(doc) if record["label"] == "INHIBITS"] == [LONG]


def test_detector_may_run_twice(nlp: Language, doc: Doc):
    assert long_forms(nlp(doc)) == [(None, LONG)]
    assert len(doc._.abbreviations) == 2


def test_scispacys_own_detector_is_replaced(make_recogniser: Callable[..., Language], relation_nlp: Language):
    """Its results can't be saved by default, and a saved pipeline with it would not load."""
    pytest.importorskip("scispacy.abbreviation")
    recogniser = make_recogniser(["CHEMICAL", "GENE"], terms={"aspirin": "CHEMICAL", "EGFR": "GENE"})
    recogniser.add_pipe("abbreviation_detector", first=True)
    result = assemble(recogniser, relation_nlp)
    assert result.nlp.pipe_names[0] == "abbreviation_detector"
    assert result.nlp.get_pipe_meta("abbreviation_detector").factory == "biore_abbreviations"
    assert long_forms(result.nlp(TEXT).copy()) == [(None, LONG)]


def test_detector_is_added_once(make_recogniser: Callable[..., Language], relation_nlp: Language):
    pytest.importorskip("scispacy")
    recogniser = make_recogniser(["CHEMICAL", "GENE"])
    recogniser.add_pipe("biore_abbreviations", name="mine")
    assert assemble(recogniser, relation_nlp).nlp.pipe_names == ["sentencizer", "ner", "mine", "relation_extractor"]


def test_text_without_abbreviations_causes_no_warning():
    pytest.importorskip("scispacy")
    nlp = spacy.blank("en")
    nlp.add_pipe("biore_abbreviations")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [nlp(text)._.abbreviations for text in ("", "None (as we know) here.", "No brackets.")] == [[], [], []]


@pytest.mark.parametrize("factory", ["biore_abbreviations", "biore_linker"])
def test_missing_scispacy_is_named(factory: str, monkeypatch: pytest.MonkeyPatch):
    for module in ("scispacy", "scispacy.abbreviation", "scispacy.linking", "scispacy.candidate_generation"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BioreError, match=r"BR605.*pip install scispacy=="):
        spacy.blank("en").add_pipe(factory)
