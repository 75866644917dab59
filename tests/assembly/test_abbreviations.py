"""Abbreviations: relations on a short form tell the long form, in every place where relations are kept."""

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from spacy_biore import as_doc, from_docs, get_records, register_extensions, set_records
from spacy_biore.assembly.assemble import assemble
from spacy_biore.assembly.definitions import split_words
from spacy_biore.assembly.scispacy_parts import use_tokenizer
from spacy_biore.errors import BioreError
from spacy_biore.relations import relation_record

LONG = "epidermal growth factor receptor"
TEXT = f"The {LONG} (EGFR) is a gene. Here aspirin blocked EGFR."
DEFINITIONS = (
    f"The {LONG} (EGFR) and the insulin receptor substrate 1 (IRS-1) bind. "
    "MAPK (mitogen activated protein kinase) does not (as we know). EGFR binds [MAPK] (in part (not all)). (a) (B"
)
HYPHENS = (
    "Interleukin-2 (IL-2), cyclooxygenase-2 (COX-2) and tumor necrosis factor-alpha (TNF-alpha) rose in non-small-cell "
    "lung cancer (NSCLC). Poly(ADP-ribose) polymerase (PARP), in part, did not."
)
HYPHENATED = {
    "IL-2": "Interleukin-2",
    "COX-2": "cyclooxygenase-2",
    "TNF-alpha": "tumor necrosis factor-alpha",
    "NSCLC": "non-small-cell lung cancer",
    "PARP": "Poly(ADP-ribose) polymerase",
}
TOKENIZERS: dict[str, Callable[[Language], Language]] = {
    "spaCy": lambda nlp: nlp,
    "scispaCy": use_tokenizer,
    "split": lambda nlp: use_tokenizer(nlp, split="-/()[]:,+"),
}
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


def test_detector_finds_what_scispacys_finds():
    abbreviation = pytest.importorskip("scispacy.abbreviation")
    nlp = spacy.blank("en")
    theirs = abbreviation.AbbreviationDetector(nlp, make_serializable=True)(nlp(DEFINITIONS))._.abbreviations
    nlp.add_pipe("biore_abbreviations")
    ours = nlp(DEFINITIONS)._.abbreviations
    assert sorted(map(str, ours)) == sorted(map(str, theirs))
    assert {one["short_text"] for one in ours} == {"EGFR", "IRS-1", "MAPK"}


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_forms_with_hyphens_do_not_depend_on_the_tokenizer(tokenizer: str):
    pytest.importorskip("scispacy")
    nlp = TOKENIZERS[tokenizer](spacy.blank("en"))
    nlp.add_pipe("biore_abbreviations")
    doc = nlp(HYPHENS)
    assert {one["short_text"]: one["long_text"] for one in doc._.abbreviations} == HYPHENATED
    for one in doc._.abbreviations:
        short, long = (doc[one[f"{form}_start"] : one[f"{form}_end"]] for form in ("short", "long"))
        assert (short.text, short._.long_form, long.text) == (one["short_text"], one["long_text"], one["long_text"])


def test_on_scispacys_tokens_the_same_is_found():
    abbreviation = pytest.importorskip("scispacy.abbreviation")
    nlp = use_tokenizer(spacy.blank("en"))
    text = f"{HYPHENS} {DEFINITIONS}"
    theirs = abbreviation.AbbreviationDetector(nlp, make_serializable=True)(nlp(text))._.abbreviations
    nlp.add_pipe("biore_abbreviations")
    assert sorted(map(str, nlp(text)._.abbreviations)) == sorted(map(str, theirs)) != []


def test_long_form_begins_at_its_word_after_punctuation():
    """scispaCy's search joins words with spaces, and counts without those that the text lacks."""
    pytest.importorskip("scispacy")
    nlp = spacy.blank("en")
    nlp.add_pipe("biore_abbreviations")
    doc = nlp("It is there (p, q), x yen zone (XYZ) too.")
    assert [one["long_text"] for one in doc._.abbreviations] == ["x yen zone"]


@pytest.mark.parametrize(
    "text",
    [
        "Inhibitors of type 1 (PAI-1) and type 2 (PAI-2) rose.",
        "The dopamine (DA) transporter (DAT) rose.",
        "We gave [3H] tracer acid (HTA) daily.",
        "It fell in mice (mice), and not in rats (Rats).",
        "We saw dimers. Ames rats (DAR) did not.",
        "Is it a dimer?\tAmes rats (DAR) did not.",
    ],
)
def test_what_is_no_long_form(text: str):
    pytest.importorskip("scispacy")
    nlp = spacy.blank("en")
    nlp.add_pipe("biore_abbreviations")
    assert {one["short_text"] for one in nlp(text)._.abbreviations} <= {"PAI-1", "DA"}


def test_long_form_with_brackets_or_the_stop_of_an_abbreviation():
    pytest.importorskip("scispacy")
    nlp = spacy.blank("en")
    nlp.add_pipe("biore_abbreviations")
    found = {}
    for long, short in {
        "St. Mary's questionnaire": "SMQ",
        "E. coli extract": "ECE",
        "poly(lactic) acid": "PLA",
        "drug vs. placebo": "DVP",
    }.items():
        found[long] = [one["long_text"] for one in nlp(f"Here the {long} ({short}) was used.")._.abbreviations]
    assert found == {long: [long] for long in found}


def test_long_form_after_one_that_is_none():
    pytest.importorskip("scispacy")
    nlp = spacy.blank("en")
    nlp.add_pipe("biore_abbreviations")
    doc = nlp("Of dopamine (DA) transporter (DAT) mice: the dopamine active transporter (DAT) fell.")
    assert {one["long_text"] for one in doc._.abbreviations if one["short_text"] == "DAT"} == {
        "dopamine active transporter"
    }


def test_long_form_over_the_end_of_a_line(nlp: Language):
    doc = nlp("The epidermal growth\n   factor receptor (EGFR) is a gene. Here aspirin blocked EGFR.")
    assert long_forms(doc) == [(None, LONG)]
    assert [record["tail"]["long_form"] for record in get_records(doc) if record["label"] == "INHIBITS"] == [LONG]


def test_short_form_inside_a_token_is_left_out_where_it_is_one():
    pytest.importorskip("scispacy")
    text = "Protein kinase C (PKC)-dependent and PKC-like effects of PKC."
    found = {}
    for name, change in TOKENIZERS.items():
        nlp = change(spacy.blank("en"))
        nlp.add_pipe("biore_abbreviations")
        found[name] = [one["long_text"] for one in nlp(text)._.abbreviations]
    long = "Protein kinase C"
    assert found == {"spaCy": [long] * 2, "scispaCy": [long], "split": [long] * 3}


def test_words_are_pieces_without_the_punctuation_around_them():
    text = '([3H]thymidine, "1,25(OH)2D3"; (IL-2)-like Ca(2+) [e.g. x]... () ,( )a'
    expected = '( [3H]thymidine , " 1,25(OH)2D3 " ; ( IL-2 ) -like Ca(2+) [ e.g . x ] . . . ( ) , ( ) a'
    assert [text[start:end] for start, end in split_words(text)] == expected.split()


def test_rows_of_brackets_take_time_in_proportion():
    pytest.importorskip("scispacy")
    nlp = spacy.blank("en")
    detector: Any = nlp.add_pipe("biore_abbreviations")
    for row in ("(", "[", "a(", "(a ", "(a) ", "a(b)"):
        text = row * (40_000 // len(row))
        doc = Doc(nlp.vocab, words=[text])
        start = time.process_time()
        assert detector(doc)._.abbreviations == []
        assert time.process_time() - start < 10


def test_detector_may_run_twice(nlp: Language, doc: Doc):
    assert long_forms(nlp(doc)) == [(None, LONG)]
    assert len(doc._.abbreviations) == 2


def test_long_text_takes_time_in_proportion():
    pytest.importorskip("scispacy")
    nlp = spacy.blank("en")
    detector: Any = nlp.add_pipe("biore_abbreviations")
    seconds = []
    for times in (100, 1600):
        doc = nlp.make_doc(f"{TEXT} " * times)
        start = time.process_time()
        detector(doc)
        seconds.append(time.process_time() - start)
    # 16 times the text: 16 times as long, and not 256 times.
    assert seconds[1] < 80 * seconds[0]


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
    with pytest.raises(BioreError, match=r"BR605.*pip install scispacy==.*spacy-biore\[scispacy\]"):
        spacy.blank("en").add_pipe(factory)
