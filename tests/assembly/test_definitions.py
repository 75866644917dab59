"""Where the detector of abbreviations finds definitions, and which of them are none."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_biore.assembly.definitions import split_words
from spacy_biore.assembly.scispacy_parts import use_tokenizer

DEFINITIONS = (
    "The epidermal growth factor receptor (EGFR) and the insulin receptor substrate 1 (IRS-1) bind. "
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


def test_long_text_takes_time_in_proportion():
    pytest.importorskip("scispacy")
    nlp = spacy.blank("en")
    detector: Any = nlp.add_pipe("biore_abbreviations")
    seconds = []
    for times in (100, 1600):
        doc = nlp.make_doc(f"{DEFINITIONS} " * times)
        start = time.process_time()
        detector(doc)
        seconds.append(time.process_time() - start)
    # 16 times the text: 16 times as long, and not 256 times.
    assert seconds[1] < 80 * seconds[0]
