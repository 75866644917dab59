"""The reader of several mention-level corpora."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_biore.errors import BioreError
from spacy_biore.recognition.annotation import annotated_types
from spacy_biore.recognition.reader import make_mention_reader


@pytest.fixture(scope="module")
def nlp(make_ner: Callable[..., Language]) -> Language:
    return make_ner(["CHEMICAL", "DISEASE"], ["GENE"])


def test_documents_are_marked_and_hold_annotated_types_only(corpora, schemes, nlp):
    entries = [{"path": str(corpora / "cdr.spacy"), "types": ["DISEASE"]}]
    examples = list(make_mention_reader(entries)(nlp))
    assert [eg.reference.text for eg in examples] == [doc.text for doc in schemes["cdr"]]
    for eg in examples:
        assert annotated_types(eg.reference) == {"DISEASE"}
        assert {span.label_ for span in eg.reference.ents} == {"DISEASE"}
        assert eg.predicted.text == eg.reference.text
        assert not eg.predicted.ents and not eg.predicted.user_data


def test_predicted_tokens_are_those_of_the_pipeline(make_doc, nlp, tmp_path):
    DocBin(docs=[make_doc("[E-cadherin|GENE]-like")]).to_disk(tmp_path / "a.spacy")
    [example] = make_mention_reader([{"path": str(tmp_path), "types": ["GENE"]}])(nlp)
    assert [t.text for t in example.predicted] == [t.text for t in nlp.make_doc("E-cadherin-like")]
    assert len(example.reference) == 5


def texts(nlp: Language, read: Callable) -> list[str]:
    return [eg.reference.text for eg in read(nlp)]


def test_order_of_the_corpora_unless_shuffled(entries, schemes, nlp):
    in_order = [doc.text for name in ("cdr", "genes") for doc in schemes[name]]
    assert texts(nlp, make_mention_reader(entries)) == in_order
    mixed = texts(nlp, make_mention_reader(entries, buffer=5))
    assert mixed != in_order and sorted(mixed) == sorted(in_order)
    # Both last until the end.
    corpora = [eg.reference.ents[0].label_ for eg in make_mention_reader(entries, buffer=5)(nlp)]
    for part in (corpora[:16], corpora[16:]):
        assert 0 < part.count("GENE") < len(part)


def test_a_file_of_another_name_is_mixed_in_as_well(corpora, entries, nlp, tmp_path):
    (tmp_path / "cdr.bin").write_bytes((corpora / "cdr.spacy").read_bytes())
    renamed = [{**entries[0], "path": str(tmp_path / "cdr.bin")}, entries[1]]
    assert Path(entries[0]["path"]).name == "cdr.spacy"

    def mixed(corpora: list[dict[str, Any]]) -> list[str]:
        random.seed(0)
        return texts(nlp, make_mention_reader(corpora, buffer=5))

    assert mixed(renamed) == mixed(entries)


def test_each_pass_has_another_order_and_the_seed_decides(entries, nlp):
    def passes(seed: int) -> list[list[str]]:
        random.seed(seed)
        read = make_mention_reader(entries, buffer=4)
        return [texts(nlp, read) for _ in range(2)]

    first, second = passes(1)
    assert first != second
    assert passes(1) == [first, second] != passes(2)


def test_no_more_docs_in_memory_than_the_buffer(entries, nlp, monkeypatch):
    read: list[Doc] = []
    original = DocBin.get_docs

    def watched(self: DocBin, vocab: Any) -> Any:
        for doc in original(self, vocab):
            read.append(doc)
            yield doc

    monkeypatch.setattr(DocBin, "get_docs", watched)
    for number, _ in enumerate(make_mention_reader(entries, buffer=6)(nlp), start=1):
        assert len(read) <= number + 6
        if number > 10:
            break


@pytest.mark.parametrize("buffer", [0, 3])
def test_limit_is_for_each_corpus(entries, nlp, buffer):
    examples = list(make_mention_reader(entries, buffer=buffer, limit=2)(nlp))
    assert sorted(len(annotated_types(eg.reference)) for eg in examples) == [1, 1, 2, 2]


def test_excluded_documents_are_left_out_and_named(make_doc, nlp, tmp_path):
    """Documents of a test part: one by its id, one by a sentence that it shares."""
    sentence = "in this trial the daily dose of flaxol was doubled in all of the old mice without any effect ."
    docs = [make_doc(text) for text in ("[a|GENE]", f"{sentence} [b|GENE] .", "[c|GENE]")]
    test = [make_doc("another text"), make_doc(sentence)]
    for doc, doc_id in zip([*docs, *test], ["1", "2", "3", "1", "t"], strict=True):
        doc.user_data["biore_doc_id"] = doc_id
    for name, part in (("train", docs), ("test", test)):
        DocBin(docs=part, store_user_data=True).to_disk(tmp_path / f"{name}.spacy")
    entries = [{"path": str(tmp_path / "train.spacy"), "types": ["GENE"]}]
    (tmp_path / "ids.txt").write_text("3\n")
    with pytest.warns(UserWarning, match=r"BRW23\] 1 of 3 documents .* are 3\."):
        assert "c" not in texts(nlp, make_mention_reader(entries, exclude=str(tmp_path / "ids.txt")))
    read = make_mention_reader(entries, exclude=str(tmp_path / "test.spacy"))
    with pytest.warns(UserWarning, match=r"BRW23\] 2 of 3 documents .* are 1, 2\."):
        assert texts(nlp, read) == ["c"]
    assert len(texts(nlp, make_mention_reader(entries))) == 3
    for part, doc in (("first", test[0]), ("second", test[1])):
        DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / f"{part}.spacy")
    read = make_mention_reader(entries, exclude=[str(tmp_path / f"{part}.spacy") for part in ("first", "second")])
    with pytest.warns(UserWarning, match=r"BRW23\] 2 of 3 documents"):
        assert texts(nlp, read) == ["c"]
    with pytest.warns(UserWarning, match="BRW23"):
        assert texts(nlp, make_mention_reader(entries, exclude=str(tmp_path / "train.spacy"))) == []


@pytest.mark.parametrize(
    ("name", "code"), [("", "BR032.*exclude is"), ("config.cfg", "BR032.*exclude is"), ("notes", "BR031.*notes")]
)
def test_what_excludes_must_be_documents(entries, nlp, tmp_path, monkeypatch, name, code):
    monkeypatch.chdir(tmp_path)
    Path("config.cfg").write_text("1\n")
    Path("notes").mkdir()
    with pytest.raises(BioreError, match=code):
        texts(nlp, make_mention_reader(entries, exclude=name))


def test_empty_documents_are_left_out(make_doc, nlp, tmp_path):
    DocBin(docs=[make_doc(""), make_doc("[a|GENE]")]).to_disk(tmp_path / "a.spacy")
    entries = [{"path": str(tmp_path / "a.spacy"), "types": ["GENE"]}]
    assert texts(nlp, make_mention_reader(entries)) == texts(nlp, make_mention_reader(entries, buffer=3)) == ["a"]


@pytest.mark.parametrize("buffer", [0, 3])
def test_missing_corpus(entries, nlp, tmp_path, buffer):
    read = make_mention_reader([*entries, {"path": str(tmp_path / "gone.spacy"), "types": ["GENE"]}], buffer=buffer)
    with pytest.raises(BioreError, match=r"BR031.*gone\.spacy"):
        list(read(nlp))


def test_type_that_no_recogniser_finds(corpora, nlp):
    read = make_mention_reader([{"path": str(corpora / "genes.spacy"), "types": ["GENES"]}])
    with pytest.raises(BioreError, match=r"BR042.*genes\.spacy.*annotate GENES,.*find CHEMICAL, DISEASE, GENE\."):
        list(read(nlp))


def test_types_of_other_recognisers_are_known(corpora, make_ner):
    nlp = make_ner(["SPECIES"])
    ruler: Any = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"}, first=True)
    ruler.add_patterns([{"label": "GENE", "pattern": [{"LOWER": "qrx2"}]}])
    assert list(make_mention_reader([{"path": str(corpora / "genes.spacy"), "types": ["GENE"]}])(nlp))
    nlp.remove_pipe("species")
    assert list(make_mention_reader([{"path": str(corpora / "cdr.spacy"), "types": ["DISEASE"]}])(nlp))


@pytest.mark.parametrize("buffer", [0, 3])
def test_type_without_a_mention_in_the_corpus(corpora, nlp, buffer):
    entries = [{"path": str(corpora / "cdr.spacy"), "types": ["DISEASE", "GENE"]}]
    with pytest.raises(BioreError, match=r"BR043.*cdr\.spacy.*annotate GENE, but.*has: CHEMICAL, DISEASE\."):
        list(make_mention_reader(entries, buffer=buffer)(nlp))
    size = len(DocBin().from_disk(corpora / "cdr.spacy"))
    for limit in (size, size + 1):
        with pytest.raises(BioreError, match="BR043"):
            list(make_mention_reader(entries, buffer=buffer, limit=limit)(nlp))
    with pytest.warns(UserWarning, match=rf"BRW24.*annotate GENE, but the {size - 1} documents"):
        assert len(list(make_mention_reader(entries, buffer=buffer, limit=size - 1)(nlp))) == size - 1


def test_an_empty_corpus(nlp, tmp_path):
    DocBin().to_disk(tmp_path / "a.spacy")
    with pytest.raises(BioreError, match="BR043.*no mention at all"):
        list(make_mention_reader([{"path": str(tmp_path), "types": ["GENE"]}])(nlp))


def test_corpus_without_any_mention(make_doc, nlp, tmp_path):
    DocBin(docs=[make_doc("Nothing.")]).to_disk(tmp_path / "a.spacy")
    with pytest.raises(BioreError, match="BR043.*no mention at all"):
        list(make_mention_reader([{"path": str(tmp_path), "types": ["GENE"]}])(nlp))


@pytest.mark.parametrize(
    "entry",
    [
        "corpus/train.spacy",
        {"path": "a.spacy"},
        {"path": "a.spacy", "types": []},
        {"path": "a.spacy", "types": "GENE"},
        {"path": "a.spacy", "types": [""]},
        {"path": "", "types": ["GENE"]},
        {"path": None, "types": ["GENE"]},
        {"path": "a.spacy", "types": ["GENE"], "weight": 2},
    ],
)
def test_entries_that_are_none(entry):
    with pytest.raises(BioreError, match="BR041"):
        make_mention_reader([entry])


@pytest.mark.parametrize("settings", [{"corpora": []}, {"buffer": -1}, {"limit": -1}])
def test_setting_out_of_range(settings: dict[str, Any], tmp_path: Path):
    entry = {"path": str(tmp_path), "types": ["GENE"]}
    with pytest.raises(BioreError, match="BR032"):
        make_mention_reader(**{"corpora": [entry], **settings})


def test_types_of_frozen_recognisers_are_known_while_spacy_leaves_them_out(corpora, nlp):
    entries = [{"path": str(corpora / "genes.spacy"), "types": ["GENE"]}]
    names = [name for name, pipe in nlp.pipeline if "GENE" in getattr(pipe, "types", ())]
    assert names
    with nlp.select_pipes(disable=names):
        assert len(list(make_mention_reader(entries)(nlp))) == 16


def test_predicted_docs_have_the_ids_that_messages_name(make_doc, nlp, tmp_path):
    doc = make_doc("[qrx2|GENE] .")
    doc.user_data["biore_doc_id"] = "D7"
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "a.spacy")
    [example] = make_mention_reader([{"path": str(tmp_path), "types": ["GENE"]}])(nlp)
    assert example.predicted.user_data == {"biore_doc_id": "D7"}
