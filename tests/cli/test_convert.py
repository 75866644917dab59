"""``python -m spacy biore convert``: what it writes and prints."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import spacy

from spacy_biore.cli.convert import FormatName
from spacy_biore.formats import FORMATS
from spacy_biore.relations import get_doc_id, get_records


def test_every_format_is_a_choice() -> None:
    assert [name.value for name in FormatName] == list(FORMATS)


def test_folder_becomes_a_folder_of_splits(biore: Any, articles: Path, out: Path, written: Any) -> None:
    result = biore("convert", "pubtator", articles, out)
    assert result.code == 0, result.output
    assert list(written()) == ["dev.spacy", "test.spacy", "train.spacy"]
    train = written()["train.spacy"]
    assert [get_doc_id(doc) for doc in train] == ["10", "11", "12", "13"]
    assert [record["label"] for record in get_records(train[0])] == ["CID", "CID", "BINDS", "BINDS"]


def test_counts_are_printed_and_saved(biore: Any, articles: Path, out: Path) -> None:
    result = biore("convert", "pubtator", articles, out, "--report", out / "counts.json")
    assert "train dev test" in result.text
    assert "documents read 4 1 2" in result.text
    assert "documents dropped: identical to an earlier document 0 0 1" in result.text
    assert "documents written 4 1 1" in result.text
    assert "mentions moved 4 1 1" in result.text
    assert "relations read 12 3 6" in result.text
    assert "relations expanded 8 2 4" in result.text
    assert "relations dropped: concept without a mention 4 1 2" in result.text
    assert "relations dropped: identical to an earlier document 0 0 4" in result.text
    assert "relations written 16 4 4" in result.text
    assert "across sentences 12 3 3" in result.text
    saved = json.loads((out / "counts.json").read_text())
    assert saved["splits"]["test"]["relations"] == {
        "read": 6,
        "expanded": 4,
        "dropped": {"concept without a mention": 2, "identical to an earlier document": 4},
        "changed": {},
        "moved": 0,
        "written": 4,
    }
    assert saved["splits"]["train"]["labels"] == {"BINDS": 8, "CID": 8}


def test_splits_are_not_summed_up(biore: Any, articles: Path, out: Path) -> None:
    assert "total" not in biore("convert", "pubtator", articles, out).text


def test_file_becomes_a_file(biore: Any, articles: Path, out: Path, written: Any) -> None:
    result = biore("convert", "pubtator", articles / "c_dev.PubTator", out / "x.spacy")
    assert result.code == 0, result.output
    assert list(written()) == ["x.spacy"]


def test_file_can_be_split(biore: Any, articles: Path, out: Path, written: Any) -> None:
    result = biore("convert", "pubtator", articles / "c_train.PubTator", out, "--split", "0.5,0.25,0.25", "--seed", 1)
    assert result.code == 0, result.output
    parts = {name: {get_doc_id(doc) for doc in docs} for name, docs in written().items()}
    assert {name: len(part) for name, part in parts.items()} == {"train.spacy": 2, "dev.spacy": 1, "test.spacy": 1}
    assert set.union(*parts.values()) == {"10", "11", "12", "13"}
    assert "documents written 2 1 1" in result.text


def test_duplicates_stay_together_when_a_file_is_split(biore: Any, articles: Path, out: Path) -> None:
    path = articles / "c_train.PubTator"
    path.write_text(path.read_text() * 2)
    result = biore("convert", "pubtator", path, out, "--split", "0.5,0.25,0.25")
    assert "documents written 2 1 1" in result.text


def test_types_and_labels_are_renamed_and_chosen(biore: Any, articles: Path, out: Path, written: Any) -> None:
    names = ["--map-types", "Chemical=CHEMICAL,Gene=GENE", "--map-labels", "CID=INDUCES", "--labels", "INDUCES"]
    result = biore("convert", "pubtator", articles / "c_dev.PubTator", out / "x.spacy", *names)
    assert "relations dropped: label not among those to keep 2" in result.text
    (doc,) = written()["x.spacy"]
    assert {ent.label_ for ent in doc.ents} == {"CHEMICAL", "Disease", "GENE"}
    assert {(r["head"]["type"], r["label"], r["tail"]["type"]) for r in get_records(doc)} == {
        ("CHEMICAL", "INDUCES", "Disease")
    }


def test_names_that_occur_nowhere_are_pointed_out(biore: Any, articles: Path, out: Path) -> None:
    result = biore("convert", "pubtator", articles, out, "--labels", "CID,CIDD", "--map-types", "Genes=GENE")
    assert result.code == 0
    assert "BRW13" in result.output and "CIDD, Genes" in result.text


def test_types_are_chosen(biore: Any, articles: Path, out: Path, written: Any) -> None:
    result = biore("convert", "pubtator", articles, out, "--map-types", "Gene=GENE", "--types", "GENE,Cell")
    assert "mentions dropped: type not among those to keep 12 3 6" in result.text
    assert "relations dropped: its mention was dropped 16 4 8" in result.text
    assert "relations written 0 0 0" in result.text
    assert "BRW13" in result.text and "Cell" in result.text
    assert [(ent.text, ent.label_) for ent in written()["dev.spacy"][0].ents] == [("QRX2/3", "GENE")]


def test_tokenizer_of_a_pipeline(biore: Any, articles: Path, out: Path, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.tokenizer.add_special_case("QRX2/3", [{"ORTH": "QRX2"}, {"ORTH": "/3"}])
    nlp.to_disk(tmp_path / "model")
    result = biore("convert", "pubtator", articles / "c_dev.PubTator", out / "x.spacy", "--model", tmp_path / "model")
    assert "mentions moved" not in result.text


def test_tokens_can_be_cut(biore: Any, articles: Path, out: Path) -> None:
    result = biore("convert", "pubtator", articles / "c_dev.PubTator", out / "x.spacy", "--align", "cut")
    assert "mentions moved" not in result.text and "tokens added by cutting 1" in result.text


def test_tags_and_sentences_of_instances_stay_whole(biore: Any, out: Path, tmp_path: Path, written: Any) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("index\tsentence\tlabel\n5.a\t@CHEMICAL$-bound cells. They lost @GENE$.\tCPR:4\n")
    result = biore("convert", "masked", path, out / "x.spacy", "--pair", "CHEMICAL,GENE")
    assert result.code == 0, result.output
    (doc,) = written()["x.spacy"]
    assert [ent.text for ent in doc.ents] == ["@CHEMICAL$", "@GENE$"]
    assert len(list(doc.sents)) == 1


def test_masked_options(biore: Any, out: Path, tmp_path: Path, written: Any) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("1\t@P1$ binds @P2$\tyes\n2\t@P1$ or @P2$\tno\n")
    options = ["--tag-alias", "P1=PROTEIN,P2=PROTEIN", "--null-label", "no", "--map-labels", "yes=BINDS"]
    result = biore("convert", "masked", path, out / "x.spacy", *options)
    assert result.code == 0, result.output
    assert [[record["label"] for record in get_records(doc)] for doc in written()["x.spacy"]] == [["BINDS"], []]


def test_instances_without_articles_are_split_with_a_warning(biore: Any, out: Path, tmp_path: Path) -> None:
    path = tmp_path / "all.tsv"
    path.write_text("".join(f"@A$ met @A$ {n}\t1\n" for n in range(10)))
    result = biore("convert", "masked", path, out, "--split", "0.8,0.1,0.1")
    assert result.code == 0 and "BRW14" in result.output


def test_instances_of_one_article_stay_together(biore: Any, out: Path, tmp_path: Path, written: Any) -> None:
    path = tmp_path / "all.tsv"
    path.write_text("".join(f"{n % 5}.{n}\t@A$ met @A$\t1\n" for n in range(20)))
    result = biore("convert", "masked", path, out, "--split", "0.6,0.2,0.2")
    assert "BRW14" not in result.output
    parts = [{doc.user_data["biore_group"] for doc in docs} for docs in written().values()]
    assert sorted(map(len, parts)) == [1, 1, 3] and len(set.union(*parts)) == 5


def test_article_in_two_splits_is_pointed_out(biore: Any, articles: Path, out: Path) -> None:
    article = (articles / "c_train.PubTator").read_text().split("\n\n")[2]
    with (articles / "c_test.PubTator").open("a") as file:
        file.write(article)
    result = biore("convert", "pubtator", articles, out)
    assert result.code == 0
    assert "BRW12" in result.output and "1 article(s)" in result.text and "'12', in train, test" in result.text


def test_files_that_are_left_out_are_named(biore: Any, articles: Path, out: Path) -> None:
    (articles / "README").write_text("about")
    (articles / "dev.PubTator").touch()
    result = biore("convert", "pubtator", articles, out)
    assert "1 file(s) left out: empty dev.PubTator" in result.text
    assert "1 file(s) left out: not a file of this format, by its name README" in result.text


def test_document_without_text_is_a_counted_drop(biore: Any, out: Path, tmp_path: Path, written: Any) -> None:
    path = tmp_path / "c.jsonl"
    mention = {"id": "1", "start": 0, "end": 1, "type": "A"}
    lines = [{"id": "a", "text": "word"}, {"id": "b", "text": " ", "mentions": [mention]}]
    path.write_text("\n".join(json.dumps({"mentions": [], "relations": [], **line}) for line in lines))
    result = biore("convert", "jsonl", path, out / "x.spacy")
    assert "documents dropped: no text 1" in result.text
    assert "mentions dropped: no text 1" in result.text
    assert [doc.text for doc in written()["x.spacy"]] == ["word"]


@pytest.mark.parametrize(("shift", "warned"), [(0, False), (1, True)])
def test_documents_whose_offsets_seem_wrong_are_pointed_out(
    biore: Any, tmp_path: Path, shift: int, warned: bool
) -> None:
    starts = [0, 13, 24]
    mentions = [{"id": f"T{n}", "start": n + shift, "end": n + shift + 6, "type": "GENE"} for n in starts]
    line = {"id": "d7", "text": "Abcdef binds Ghijkl and Mnopqr.", "mentions": mentions, "relations": []}
    (tmp_path / "c.jsonl").write_text(json.dumps(line))
    result = biore("convert", "jsonl", tmp_path / "c.jsonl", tmp_path / "c.spacy")
    assert result.code == 0, result.output
    assert ("BRW17" in result.text and "'d7'" in result.text) == warned


def test_files_of_an_earlier_conversion_are_pointed_out(biore: Any, articles: Path, out: Path) -> None:
    command = ("convert", "pubtator", articles / "c_train.PubTator", out, "--split")
    (out / "another").mkdir(parents=True)
    (out / "another" / "train.spacy").write_bytes(b"")
    for shares in ("0.5,0.25,0.25", "0.4,0.3,0.3"):
        assert "BRW25" not in biore(*command, shares).text
    result = biore(*command, "0.5,0.5,0")
    assert result.code == 0 and "BRW25" in result.text and "also holds test.spacy" in result.text


def test_folds_of_an_earlier_conversion_are_pointed_out(biore: Any, tmp_path: Path, out: Path) -> None:
    line = {"id": "a", "text": "zorbin blocks nolf", "mentions": [], "relations": []}
    for name in ("1", "2", "3"):
        (tmp_path / "folds" / name).mkdir(parents=True)
        (tmp_path / "folds" / name / "test.jsonl").write_text(json.dumps({**line, "id": name}) + "\n")
    assert "BRW25" not in biore("convert", "jsonl", tmp_path / "folds", out).text
    shutil.rmtree(tmp_path / "folds" / "3")
    result = biore("convert", "jsonl", tmp_path / "folds", out)
    assert result.code == 0 and "also holds 3/test.spacy" in result.text


def test_pairs_of_brat_files_become_the_splits_of_their_folders(
    biore: Any, tmp_path: Path, out: Path, written: Any
) -> None:
    for split in ("train", "dev"):
        (tmp_path / "brat" / split).mkdir(parents=True)
        (tmp_path / "brat" / split / f"{split}1.txt").write_text("Zorbin blocks QRX.")
        annotations = "T1\tCHEMICAL 0 6\tZorbin\nT2\tGENE 14 17\tQRX\nR1\tINHIBITS Arg1:T1 Arg2:T2\n*\tEquiv T1 T2\n"
        (tmp_path / "brat" / split / f"{split}1.ann").write_text(annotations)
    result = biore("convert", "brat", tmp_path / "brat", out)
    assert "relations dropped: an equivalence 1 1" in result.text
    assert {name: [get_doc_id(doc) for doc in docs] for name, docs in written().items()} == {
        "dev.spacy": ["dev1"],
        "train.spacy": ["train1"],
    }
    assert [record["label"] for record in get_records(written()["dev.spacy"][0])] == ["INHIBITS"]


def test_contradictions_of_bioc_are_left_out_if_asked_for(biore: Any, tmp_path: Path, out: Path) -> None:
    annotation = {"id": "1", "infons": {"type": "GENE"}, "locations": [{"offset": 0, "length": 4}], "text": "QRX2"}
    document = {"id": "d1", "passages": [{"offset": 0, "text": "QRX1 binds.", "annotations": [annotation]}]}
    (tmp_path / "c.json").write_text(json.dumps({"documents": [document]}))
    command = ("convert", "bioc", tmp_path / "c.json", out / "c.spacy")
    assert biore(*command).failed("BR106", "document 'd1'", "QRX2", "QRX1")
    result = biore(*command, "--on-mismatch", "drop")
    assert result.code == 0 and "mentions dropped: text differs 1" in result.text
