"""Documents that must not be learned from are found by id and by sentence, whatever file names them."""

import gzip
import json
import warnings
from collections import Counter
from pathlib import Path

import pytest
from spacy.tokens import DocBin

from spacy_biore.adaptation.exclusion import Exclusion, leave_out, read_exclusion, without
from spacy_biore.adaptation.texts import Text
from spacy_biore.errors import BioreError

TEXTS = [Text("1", "Aspirin blocks PTGS2.", "here"), Text("2", "So is the Cox gene.", "here"), Text("3", "No.", "here")]
LONG = "Zorbin lowered the pressure of forty-two anaesthetised rabbits, but not that of their (awake) siblings."
TOKENISED = (
    "Zorbin lowered the pressure of forty - two anaesthetised rabbits , but not that of their ( awake ) siblings ."
)


def left(texts: list[Text], exclusion: Exclusion) -> tuple[list[str], Counter[str]]:
    counts: Counter[str] = Counter()
    return [text.id for text in leave_out(texts, exclusion, counts)], counts


def ids(*names: str) -> Exclusion:
    return Exclusion(frozenset(names))


@pytest.fixture()
def test_set(tmp_path: Path, make_doc) -> Path:
    """A corpus whose ids are not those of PubMed, one sentence a Doc."""
    doc = make_doc(TOKENISED)
    doc.user_data["biore_doc_id"] = "DDI-MedLine.d5"
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "test.spacy")
    return tmp_path / "test.spacy"


def test_ids_come_from_lines_or_from_documents(tmp_path: Path, make_doc):
    (tmp_path / "ids.txt").write_text("5\n 6 \n")
    sentence, whole = make_doc("One ."), make_doc("Two .")
    sentence.user_data.update({"biore_doc_id": "7.T1.T2", "biore_group": "7"})
    whole.user_data["biore_doc_id"] = "8"
    DocBin(docs=[sentence, whole], store_user_data=True).to_disk(tmp_path / "test.spacy")
    assert read_exclusion(tmp_path / "ids.txt").ids == {"5", "6"}
    assert read_exclusion(tmp_path / "test.spacy").ids == {"7", "8"}


def test_ids_of_every_kind_of_text(tmp_path: Path):
    (tmp_path / "a.pubtator").write_text("2|t|Title.\n2|a|Abstract.\n")
    with gzip.open(tmp_path / "b.jsonl.gz", "wt") as file:
        file.write(json.dumps({"id": "x", "pmid": 3, "text": "One."}))
    article = "<PubmedArticle><MedlineCitation><PMID>4</PMID></MedlineCitation></PubmedArticle>"
    (tmp_path / "c.xml").write_text(f"<PubmedArticleSet>{article}</PubmedArticleSet>")
    assert read_exclusion(tmp_path / "a.pubtator").ids == {"2"}
    assert read_exclusion(tmp_path / "b.jsonl.gz").ids == {"x", "3"}
    assert read_exclusion(tmp_path / "c.xml").ids == {"4"}
    assert read_exclusion(tmp_path).ids == {"2", "x", "3", "4"}


def test_excluded_documents_without_ids_are_refused(tmp_path: Path, make_doc):
    DocBin(docs=[make_doc("One .")], store_user_data=True).to_disk(tmp_path / "test.spacy")
    with pytest.raises(BioreError, match=r"BR412.*document 1"):
        read_exclusion(tmp_path / "test.spacy")
    DocBin().to_disk(tmp_path / "test.spacy")
    with pytest.raises(BioreError, match="BR101"):
        read_exclusion(tmp_path / "test.spacy")


def test_excluded_ids_stop_a_run():
    assert list(without(TEXTS, ids("9"))) == TEXTS
    with pytest.raises(BioreError, match=r"BR404.*'2'"):
        list(without(TEXTS, ids("2", "9")))
    with pytest.raises(BioreError, match=r"BR404.*no id"):
        list(without([Text("", "a", "here")], ids("2")))


def test_excluded_texts_and_those_without_an_id_are_left_out():
    assert left([*TEXTS, Text("", "Whose?", "here")], ids("2")) == (["1", "3"], {"excluded": 1, "without id": 1})


def test_every_id_of_a_text_counts():
    text = Text("row-17", "One.", "here", ("123",))
    assert left([text], ids("123")) == ([], {"excluded": 1})
    with pytest.raises(BioreError, match=r"BR404.*'123'"):
        list(without([text], ids("123")))


@pytest.mark.parametrize(
    "text",
    [
        f"A title\n{LONG} And more.",
        f"Before. {LONG.replace(' of ', chr(10) + 'of ')}\nAfter.",
        f"{LONG.upper()}",
        LONG.replace("-", "–"),
        f"{LONG.removesuffix('.')}\nThe title above had no full stop.",
    ],
    ids=["in an abstract", "broken into lines", "in capitals", "with a dash", "as a title"],
)
def test_a_sentence_of_an_excluded_document_is_found_under_another_id(test_set: Path, text: str):
    exclusion = read_exclusion(test_set)
    assert left([Text("1234", text, "here")], exclusion) == ([], {"excluded": 1})
    with pytest.raises(BioreError, match=r"BR404.*DDI-MedLine\.d5"):
        list(without([Text("1234", text, "here")], exclusion))


def test_a_short_sentence_tells_nothing(tmp_path: Path):
    (tmp_path / "a.pubtator").write_text("2|t|Title.\n2|a|This was a double-blind study.\n")
    text = Text("3", "Something else. This was a double-blind study.", "here")
    assert left([text], read_exclusion(tmp_path / "a.pubtator")) == (["3"], {})


def test_ids_that_can_not_be_those_of_the_text_are_warned_of():
    with pytest.warns(UserWarning, match=r"BRW41.*'DDI-MedLine.d5'.*'3'"):
        left(TEXTS, ids("DDI-MedLine.d5"))


def test_no_warning_where_ids_could_have_matched_or_sentences_tell(test_set: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        left(TEXTS, ids("DDI-MedLine.d5", "99"))
        left(TEXTS, read_exclusion(test_set))


TAGGED = "Patients who received @DRUG$ together with @DRUG$ should be monitored very closely for signs of bleeding."


def test_sentences_with_tags_tell_nothing_so_that_other_ids_are_warned_of(tmp_path: Path, make_doc):
    doc = make_doc(TAGGED)
    doc.user_data["biore_doc_id"] = "DDI-MedLine.d5"
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "test.spacy")
    exclusion = read_exclusion(tmp_path / "test.spacy")
    assert exclusion.ids == {"DDI-MedLine.d5"} and not exclusion.sentences
    with pytest.warns(UserWarning, match=r"BRW41.*DDI-MedLine\.d5"):
        left([Text("123456", TAGGED.replace("@DRUG$", "warfarin"), "here")], exclusion)


@pytest.mark.parametrize("gap", ["\n", "\t", ". "])
def test_a_title_is_found_whatever_parts_it_from_the_abstract(tmp_path: Path, gap: str):
    abstract = "The effects that it had on the other animals of the colony were not looked at by us."
    (tmp_path / "test.jsonl").write_text(json.dumps({"id": "1", "text": f"{LONG[:-1]}{gap}{abstract}"}))
    exclusion = read_exclusion(tmp_path / "test.jsonl")
    assert exclusion.reason(Text("2", LONG, "")) and exclusion.reason(Text("2", abstract, ""))
