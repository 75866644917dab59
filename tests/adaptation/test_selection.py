"""Which documents and sentences a sub-domain is made of."""

from collections import Counter
from pathlib import Path

import pytest
import spacy

from spacy_biore.adaptation.selection import long_enough, recogniser, select, term_list
from spacy_biore.adaptation.texts import Text
from spacy_biore.errors import BioreError

TEXTS = [
    Text("1", "Aspirin blocks PTGS2. It is old.", "here"),
    Text("2", "Aspirin is old. So is the Cox gene.", "here"),
    Text("3", "Nothing of the kind.", "here"),
]
TERMS = "CHEMICAL\taspirin\nGENE\tptgs2\nGENE\tcox gene\n"


@pytest.fixture()
def terms(tmp_path: Path) -> Path:
    (tmp_path / "terms.tsv").write_text(TERMS)
    return tmp_path / "terms.tsv"


def choose(found, required: list[str], unit: str) -> tuple[list[str], Counter]:
    counts: Counter[str] = Counter()
    texts = list(select(TEXTS, *found, required, unit=unit, counts=counts))
    return [text.text for text in texts], counts


def test_documents_that_mention_all_types(terms: Path):
    texts, counts = choose(term_list(terms), ["CHEMICAL", "GENE"], "document")
    assert texts == [TEXTS[0].text, TEXTS[1].text]
    assert counts == {"documents read": 3, "documents chosen": 2}


def test_sentences_that_mention_all_types(terms: Path):
    texts, counts = choose(term_list(terms), ["CHEMICAL", "GENE"], "sentence")
    assert texts == ["Aspirin blocks PTGS2."]
    assert counts == {"sentences read": 5, "sentences chosen": 1}


def test_a_recogniser_finds_the_types(tmp_path: Path):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "GENE", "pattern": "Cox gene"}])
    nlp.to_disk(tmp_path / "ner")
    texts, _ = choose(recogniser(str(tmp_path / "ner")), ["GENE"], "sentence")
    assert texts == ["So is the Cox gene."]


def test_a_recogniser_that_sets_sentences_keeps_its_own(tmp_path: Path):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer", config={"punct_chars": ["!"]})
    nlp.to_disk(tmp_path / "ner")
    assert recogniser(str(tmp_path / "ner"))[0].pipe_names == ["sentencizer"]


def test_a_missing_recogniser_and_a_wrong_term_list(tmp_path: Path):
    with pytest.raises(BioreError, match=r"BR300.*gone"):
        recogniser(str(tmp_path / "gone"))
    (tmp_path / "terms.tsv").write_text("GENE\tbrca1\nbrca2\n")
    with pytest.raises(BioreError, match=r"BR103.*line 2"):
        term_list(tmp_path / "terms.tsv")


def test_a_required_type_that_has_no_terms(terms: Path):
    with pytest.raises(BioreError, match=r"BR413.*DRUG.*CHEMICAL, GENE"):
        term_list(terms, ["GENE", "DRUG"])


def test_short_texts_are_counted():
    counts: Counter[str] = Counter()
    assert [text.id for text in long_enough(TEXTS, 6, counts)] == ["1", "2"]
    assert counts == {"too short": 1}
