"""Which documents and sentences a sub-domain is made of."""

from collections import Counter
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_biore.adaptation.selection import leave_out, long_enough, read_ids, recogniser, select, term_list, without
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


def test_ids_come_from_lines_or_from_documents(tmp_path: Path, make_doc):
    (tmp_path / "ids.txt").write_text("5\n 6 \n")
    sentence, whole = make_doc("One ."), make_doc("Two .")
    sentence.user_data.update({"biore_doc_id": "7.T1.T2", "biore_group": "7"})
    whole.user_data["biore_doc_id"] = "8"
    DocBin(docs=[sentence, whole], store_user_data=True).to_disk(tmp_path / "test.spacy")
    assert read_ids(tmp_path / "ids.txt") == {"5", "6"}
    assert read_ids(tmp_path / "test.spacy") == {"7", "8"}


def test_excluded_documents():
    assert list(without(TEXTS, {"9"})) == TEXTS
    with pytest.raises(BioreError, match=r"BR404.*'2'"):
        list(without(TEXTS, {"2", "9"}))
    with pytest.raises(BioreError, match=r"BR404.*no id"):
        list(without([Text("", "a", "here")], {"2"}))
    counts: Counter[str] = Counter()
    assert [text.id for text in leave_out(TEXTS, {"2"}, counts)] == ["1", "3"]
    assert counts == {"excluded": 1}


def test_short_texts_are_counted():
    counts: Counter[str] = Counter()
    assert [text.id for text in long_enough(TEXTS, 6, counts)] == ["1", "2"]
    assert counts == {"too short": 1}
