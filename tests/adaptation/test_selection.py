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


def test_labels_of_scispacy_stand_for_types(tmp_path: Path):
    nlp = spacy.blank("en")
    labels = {"Aspirin": "SIMPLE_CHEMICAL", "Cox gene": "GENE_OR_GENE_PRODUCT", "PTGS2": "AMINO_ACID", "x": "CANCER"}
    rest = [{"label": label, "pattern": "y"} for label in ("ORGANISM",)]
    patterns = [{"label": label, "pattern": term} for term, label in labels.items()]
    nlp.add_pipe("entity_ruler").add_patterns(patterns + rest)
    nlp.to_disk(tmp_path / "ner")
    texts, _ = choose(recogniser(str(tmp_path / "ner"), ["CHEMICAL", "GENE"]), ["CHEMICAL", "GENE"], "document")
    assert texts == ["Aspirin is old. So is the Cox gene."]


def test_a_type_that_a_recogniser_never_finds(tmp_path: Path):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "GENE", "pattern": "Cox gene"}])
    nlp.to_disk(tmp_path / "ner")
    with pytest.raises(BioreError, match=r"BR414.*never finds DRUG.*finds GENE"):
        recogniser(str(tmp_path / "ner"), ["GENE", "DRUG"])


def test_a_pipeline_without_a_recogniser(tmp_path: Path):
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(BioreError, match="BR600"):
        recogniser(str(tmp_path / "blank"))


def test_words_of_the_text_are_not_kept(terms: Path):
    nlp, types_of = term_list(terms)
    texts = [Text("", f"Aspirin word{i} blocks other{i}.", "here") for i in range(500)]
    before = len(nlp.vocab.strings)
    assert len(list(select(texts, nlp, types_of, ["CHEMICAL"], unit="document", counts=Counter()))) == 500
    assert len(nlp.vocab.strings) == before


def test_a_text_of_any_length(terms: Path):
    nlp, types_of = term_list(terms)
    text = Text("", "Aspirin. " + "x " * 600_000, "here")
    assert len(list(select([text], nlp, types_of, ["CHEMICAL"], unit="document", counts=Counter()))) == 1


def test_a_recogniser_that_sets_sentences_keeps_its_own(tmp_path: Path):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer", config={"punct_chars": ["!"]})
    nlp.add_pipe("entity_ruler")
    nlp.to_disk(tmp_path / "ner")
    assert recogniser(str(tmp_path / "ner"))[0].pipe_names == ["sentencizer", "entity_ruler"]


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
