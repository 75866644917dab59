"""``python -m spacy biore convert``: what it writes and prints, and that it never leaves half an output."""

import json
import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner, Result

from spacy_biore.cli import biore_cli
from spacy_biore.cli.convert import FormatName
from spacy_biore.formats import FORMATS
from spacy_biore.relations import get_doc_id, get_records

PUBTATOR = (
    "{id}|t|Zorbin harms.\n{id}|a|Zorbin causes drowsiness. It blocks QRX2/3.\n"
    "{id}\t0\t6\tZorbin\tChemical\tD1\n"
    "{id}\t14\t20\tZorbin\tChemical\tD1\n"
    "{id}\t28\t38\tdrowsiness\tDisease\tD2\n"
    "{id}\t50\t54\tQRX2\tGene\t7\n"
    "{id}\tCID\tD1\tD2\n"
    "{id}\tBINDS\tD1\t7\n"
    "{id}\tCID\tD1\tD9\n\n"
)


def run(*args: Any) -> Result:
    return CliRunner().invoke(biore_cli, ["convert", *map(str, args)])


def printed(result: Result) -> str:
    """Return what a command printed, without colours and line breaks."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", result.output).split())


def failed(result: Result, *words: str) -> bool:
    """Say whether the command ended with a message that has these words, and not with a traceback."""
    return (
        result.exit_code == 1 and isinstance(result.exception, SystemExit) and all(w in printed(result) for w in words)
    )


def docs(path: Path) -> list[Doc]:
    return list(DocBin().from_disk(path).get_docs(spacy.blank("en").vocab))


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, ids in {"train": range(10, 14), "dev": [20], "test": [30, 30]}.items():
        (folder / f"c_{name}.PubTator").write_text("".join(PUBTATOR.format(id=doc_id) for doc_id in ids))
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_every_format_is_a_choice() -> None:
    assert [name.value for name in FormatName] == list(FORMATS)


def test_folder_becomes_a_folder_of_splits(corpus: Path, out: Path) -> None:
    result = run("pubtator", corpus, out)
    assert result.exit_code == 0, result.output
    assert files(out) == ["dev.spacy", "test.spacy", "train.spacy"]
    train = docs(out / "train.spacy")
    assert [get_doc_id(doc) for doc in train] == ["10", "11", "12", "13"]
    assert [record["label"] for record in get_records(train[0])] == ["CID", "CID", "BINDS", "BINDS"]


def test_counts_are_printed_and_saved(corpus: Path, out: Path) -> None:
    result = run("pubtator", corpus, out, "--report", out / "counts.json")
    table = printed(result)
    assert "train dev test" in table
    assert "documents read 4 1 2" in table
    assert "documents dropped: identical to an earlier document 0 0 1" in table
    assert "documents written 4 1 1" in table
    assert "mentions moved 4 1 1" in table
    assert "relations read 12 3 6" in table
    assert "relations expanded 8 2 4" in table
    assert "relations dropped: concept without a mention 4 1 2" in table
    assert "relations dropped: identical to an earlier document 0 0 4" in table
    assert "relations written 16 4 4" in table
    assert "across sentences 12 3 3" in table
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


def test_file_becomes_a_file(corpus: Path, out: Path) -> None:
    result = run("pubtator", corpus / "c_dev.PubTator", out / "x.spacy")
    assert result.exit_code == 0, result.output
    assert files(out) == ["x.spacy"]


def test_file_can_be_split(corpus: Path, out: Path) -> None:
    result = run("pubtator", corpus / "c_train.PubTator", out, "--split", "0.5,0.25,0.25", "--seed", 1)
    assert result.exit_code == 0, result.output
    parts = {name: {get_doc_id(doc) for doc in docs(out / f"{name}.spacy")} for name in ("train", "dev", "test")}
    assert {name: len(part) for name, part in parts.items()} == {"train": 2, "dev": 1, "test": 1}
    assert set.union(*parts.values()) == {"10", "11", "12", "13"}
    assert "documents written 2 1 1" in printed(result)


def test_duplicates_stay_together_when_a_file_is_split(corpus: Path, out: Path) -> None:
    path = corpus / "c_train.PubTator"
    path.write_text(path.read_text() * 2)
    result = run("pubtator", path, out, "--split", "0.5,0.25,0.25")
    assert "documents written 2 1 1" in printed(result)


def test_types_and_labels_are_renamed_and_chosen(corpus: Path, out: Path) -> None:
    path = out / "x.spacy"
    result = run(
        *("pubtator", corpus / "c_dev.PubTator", path, "--map-types", "Chemical=CHEMICAL,Gene=GENE"),
        *("--map-labels", "CID=INDUCES", "--labels", "INDUCES"),
    )
    assert "relations dropped: label not among those to keep 2" in printed(result)
    (doc,) = docs(path)
    assert {ent.label_ for ent in doc.ents} == {"CHEMICAL", "Disease", "GENE"}
    assert {(r["head"]["type"], r["label"], r["tail"]["type"]) for r in get_records(doc)} == {
        ("CHEMICAL", "INDUCES", "Disease")
    }


def test_names_that_occur_nowhere_are_pointed_out(corpus: Path, out: Path) -> None:
    result = run("pubtator", corpus, out, "--labels", "CID,CIDD", "--map-types", "Genes=GENE")
    assert result.exit_code == 0
    assert "BRW13" in result.output and "CIDD, Genes" in printed(result)


def test_types_are_chosen(corpus: Path, out: Path) -> None:
    result = run("pubtator", corpus, out, "--map-types", "Gene=GENE", "--types", "GENE,Cell")
    assert "mentions dropped: type not among those to keep 12 3 6" in printed(result)
    assert "relations dropped: its mention was dropped 16 4 8" in printed(result)
    assert "relations written 0 0 0" in printed(result)
    assert "BRW13" in result.output and "Cell" in printed(result)
    assert [(ent.text, ent.label_) for ent in docs(out / "dev.spacy")[0].ents] == [("QRX2/3", "GENE")]


def test_labels_of_which_none_occurs(corpus: Path, out: Path) -> None:
    assert failed(run("pubtator", corpus, out, "--labels", "CIDD"), "BR145", "CIDD", "BINDS, CID")
    assert not out.exists()


def test_tokenizer_of_a_pipeline(corpus: Path, out: Path, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.tokenizer.add_special_case("QRX2/3", [{"ORTH": "QRX2"}, {"ORTH": "/3"}])
    nlp.to_disk(tmp_path / "model")
    result = run("pubtator", corpus / "c_dev.PubTator", out / "x.spacy", "--model", tmp_path / "model")
    assert "mentions moved" not in printed(result)


def test_tokens_can_be_cut(corpus: Path, out: Path) -> None:
    result = run("pubtator", corpus / "c_dev.PubTator", out / "x.spacy", "--align", "cut")
    assert "mentions moved" not in printed(result) and "tokens added by cutting 1" in printed(result)


def test_instances_keep_their_tags_whole_and_their_sentences_one(out: Path, tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("index\tsentence\tlabel\n5.a\t@CHEMICAL$-bound cells. They lost @GENE$.\tCPR:4\n")
    result = run("masked", path, out / "x.spacy", "--pair", "CHEMICAL,GENE")
    assert result.exit_code == 0, result.output
    (doc,) = docs(out / "x.spacy")
    assert [ent.text for ent in doc.ents] == ["@CHEMICAL$", "@GENE$"]
    assert len(list(doc.sents)) == 1


def test_masked_options(out: Path, tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("1\t@P1$ binds @P2$\tyes\n2\t@P1$ or @P2$\tno\n")
    result = run(
        *("masked", path, out / "x.spacy", "--tag-alias", "P1=PROTEIN,P2=PROTEIN", "--null-label", "no"),
        *("--map-labels", "yes=BINDS"),
    )
    assert result.exit_code == 0, result.output
    assert [[record["label"] for record in get_records(doc)] for doc in docs(out / "x.spacy")] == [["BINDS"], []]


def test_instances_without_articles_are_split_with_a_warning(out: Path, tmp_path: Path) -> None:
    path = tmp_path / "all.tsv"
    path.write_text("".join(f"@A$ met @A$ {n}\t1\n" for n in range(10)))
    result = run("masked", path, out, "--split", "0.8,0.1,0.1")
    assert result.exit_code == 0 and "BRW14" in result.output


def test_instances_of_one_article_stay_together(out: Path, tmp_path: Path) -> None:
    path = tmp_path / "all.tsv"
    path.write_text("".join(f"{n % 5}.{n}\t@A$ met @A$\t1\n" for n in range(20)))
    result = run("masked", path, out, "--split", "0.6,0.2,0.2")
    assert "BRW14" not in result.output
    parts = [{doc.user_data["biore_group"] for doc in docs(out / f"{name}.spacy")} for name in ("train", "dev", "test")]
    assert sorted(map(len, parts)) == [1, 1, 3] and len(set.union(*parts)) == 5


def test_article_in_two_splits_is_pointed_out(corpus: Path, out: Path) -> None:
    with (corpus / "c_test.PubTator").open("a") as file:
        file.write(PUBTATOR.format(id=12))
    result = run("pubtator", corpus, out)
    assert result.exit_code == 0
    assert "BRW12" in result.output and "1 article(s)" in printed(result) and "'12', in train, test" in printed(result)


def test_files_that_are_left_out_are_named(corpus: Path, out: Path) -> None:
    (corpus / "README").write_text("about")
    (corpus / "dev.PubTator").touch()
    result = run("pubtator", corpus, out)
    assert "1 file(s) left out: empty dev.PubTator" in printed(result)
    assert "1 file(s) left out: not a file of this format, by its name README" in printed(result)


def test_document_without_text_is_a_counted_drop(out: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    mention = {"id": "1", "start": 0, "end": 1, "type": "A"}
    lines = [{"id": "a", "text": "word"}, {"id": "b", "text": " ", "mentions": [mention]}]
    path.write_text("\n".join(json.dumps({"mentions": [], "relations": [], **line}) for line in lines))
    result = run("jsonl", path, out / "x.spacy")
    assert "documents dropped: no text 1" in printed(result)
    assert "mentions dropped: no text 1" in printed(result)
    assert [doc.text for doc in docs(out / "x.spacy")] == ["word"]


DRUGS = (
    '<document id="D.d{n}"><sentence id="D.d{n}.s0" text="Zorbin(QRX) raises quellin.">'
    '<entity id="D.d{n}.s0.e0" charOffset="0-5" type="brand" text="Zorbin"/>'
    '<entity id="D.d{n}.s0.e1" charOffset="7-9" type="drug" text="QRX"/>'
    '<entity id="D.d{n}.s0.e2" charOffset="19-25" type="drug" text="quellin"/>'
    '<pair id="p0" e1="D.d{n}.s0.e0" e2="D.d{n}.s0.e2" ddi="true" type="mechanism"/>'
    '<pair id="p1" e1="D.d{n}.s0.e1" e2="D.d{n}.s0.e2" ddi="true"/>'
    '<pair id="p2" e1="D.d{n}.s0.e0" e2="D.d{n}.s0.e1" ddi="false"/></sentence>'
    '<sentence id="D.d{n}.s1" text="No 2. sentence here"/></document>'
)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "DDI.zip"
    with ZipFile(path, "w") as file:
        for n, name in enumerate(["Train/a.xml", "Train/b.xml", "Test/DDI task/c.xml"]):
            file.writestr(f"DDI/{name}", DRUGS.format(n=n))
        for n in range(12):
            file.writestr(f"DDI/Test/DrugNER task/{n}.xml", DRUGS.format(n=n))
    return path


def test_archive_becomes_a_folder_of_splits(archive: Path, out: Path) -> None:
    result = run("ddi", archive, out)
    assert result.exit_code == 0, result.output
    assert files(out) == ["test.spacy", "train.spacy"]
    table = printed(result)
    for row in (
        "documents written 2 1",
        "relations read 4 2",
        "dropped: no type 2 1",
        "mechanism 2 1",
        "pairs read 2 1",
    ):
        assert row in table
    assert "BRW15" in table and "member DDI/Train/a.xml, document D.d0" in table
    (doc,) = docs(out / "test.spacy")
    assert [span.text for span in doc.spans["entities"]] == ["Zorbin", "QRX", "quellin"]
    assert [sent.text for sent in doc.sents] == ["Zorbin(QRX) raises quellin.", "No 2. sentence here"]


def test_many_files_that_are_left_out_are_not_all_named(archive: Path, out: Path) -> None:
    result = run("ddi", archive, out, "--report", out / "counts.json")
    table = printed(result)
    assert "12 file(s) left out: test set of the recognition task" in table and "and 2 more" in table
    assert len(json.loads((out / "counts.json").read_text())["skipped"]) == 12


def test_broken_member_leaves_no_output(archive: Path, out: Path) -> None:
    archive.write_bytes(archive.read_bytes().replace(b"D.d2", b"D.d?"))
    assert failed(
        run("ddi", archive, out), "BR150", "DDI.zip: 1 of 1 files in it are broken", "DDI/Test/DDI task/c.xml"
    )
    assert not out.exists()


def test_archive_does_not_become_a_file(archive: Path, out: Path) -> None:
    assert failed(run("ddi", archive, out / "x.spacy"), "BR144")


def instance(doc_id: str, number: int, kind: str) -> str:
    entities = {
        "entity_1": "Abc1", "entity_1_idx": [[0, 4]], "entity_1_type": "protein",
        "entity_2": "Xyz", "entity_2_idx": [[9, 12]], "entity_2_type": "protein",
    }  # fmt: skip
    value = {"id": f"{doc_id}.s1_{doc_id}.s1.p{number}", "text": "Abc1 and Xyz."}
    return json.dumps({**value, "relation": [{"relation_type": kind, **entities}]}) + "\n"


@pytest.fixture
def folds(tmp_path: Path) -> Path:
    folder = tmp_path / "folds"
    folder.mkdir()
    for fold in range(7):
        lines = [instance(f"A.d{fold}{n}", n, "positive" if n else "negative") for n in range(3)]
        (folder / f"test_{fold}.json").write_text("".join(lines))
    return folder


def test_folds_become_a_file_each_and_are_summed_up(folds: Path, out: Path) -> None:
    result = run("ppi", folds, out)
    assert result.exit_code == 0, result.output
    assert files(out) == [f"fold_{n}.spacy" for n in range(7)]
    assert [get_doc_id(doc) for doc in docs(out / "fold_4.spacy")] == ["A.d40", "A.d41", "A.d42"]
    table = printed(result)
    assert "fold_5" in table and "fold_6 total" in table
    assert "relations read 2 14" in table and "negative pairs read 1 7" in table


def test_folds_that_overlap(folds: Path, out: Path) -> None:
    (folds / "test_5.json").write_text(instance("A.d21", 0, "positive") + instance("A.d51", 0, "positive"))
    assert failed(run("ppi", folds, out), "BR155", "'A.d21'", "test_2.json", "test_5.json", "(1 document(s) in all)")
    assert not out.exists()


def test_splits_are_not_summed_up(corpus: Path, out: Path) -> None:
    assert "total" not in printed(run("pubtator", corpus, out))


# Whatever goes wrong, and however late, the output is as it was before.


def test_error_in_the_last_split_leaves_no_output(corpus: Path, out: Path) -> None:
    with (corpus / "c_test.PubTator").open("a") as file:
        file.write("31|t|Title.\n31|a|Text.\n31\t0\t5\tOther\tChemical\tD1\n")
    assert failed(run("pubtator", corpus, out), "BR106", "c_test.PubTator, line 23", "document '31'")
    assert not out.exists()


def test_error_leaves_an_older_output_alone(corpus: Path, out: Path) -> None:
    assert run("pubtator", corpus, out).exit_code == 0
    before = {path: path.read_bytes() for path in out.iterdir()}
    (corpus / "c_test.PubTator").write_text("nonsense\n")
    assert failed(run("pubtator", corpus, out), "BR115")
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_error_in_writing_the_report_leaves_no_output(corpus: Path, out: Path) -> None:
    assert failed(run("pubtator", corpus, out, "--report", corpus), "BR140")
    assert not out.exists()


def test_unexpected_error_leaves_no_output(corpus: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []

    def to_disk(self: DocBin, path: Path) -> None:
        path.write_bytes(b"half")
        written.append(path)
        if len(written) == 2:
            raise OSError("no space left on device")

    monkeypatch.setattr(DocBin, "to_disk", to_disk)
    result = run("pubtator", corpus, out)
    assert result.exit_code == 1 and len(written) == 2
    assert not out.exists()


def test_different_documents_of_one_id(corpus: Path, out: Path) -> None:
    with (corpus / "c_test.PubTator").open("a") as file:
        file.write(PUBTATOR.format(id=30).replace("harms", "helps", 1).replace("0\t6", "0\t6"))
    result = run("pubtator", corpus, out)
    assert failed(result, "BR117", "c_test.PubTator, line 21", "'30'", "c_test.PubTator, line 1)")


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["{in}/nowhere", "{out}"], "BR100"),
        (["{in}/c_dev.PubTator", "{out}"], "BR144"),
        (["{in}", "{out}/x.spacy"], "BR144"),
        (["{in}/c_train.PubTator", "{out}/x.spacy", "--split", "0.8,0.1,0.1"], "BR144"),
        (["{in}", "{out}", "--split", "0.8,0.1,0.1"], "BR146"),
        (["{in}/c_dev.PubTator", "{out}", "--split", "0.8,0.1,0.1"], "BR142"),
        (["{in}/c_dev.PubTator", "{out}", "--split", "0.8,0.3,0.1"], "BR141"),
        (["{in}/c_dev.PubTator", "{out}", "--split", "most"], "BR147"),
        (["{in}", "{out}", "--map-types", "Gene"], "BR147"),
        (["{in}", "{out}", "--map-types", "Gene=A,Gene=B"], "BR147"),
        (["{in}", "{out}", "--labels", "CID,"], "BR147"),
        (["{in}", "{out}", "--pair", "A,B"], "BR148"),
        (["{in}", "{out}", "--lang", "xx-none"], "BR139"),
        (["{in}", "{out}", "--model", "no_such_model"], "BR139"),
    ],
)
def test_options_that_do_not_fit(corpus: Path, out: Path, args: list[str], code: str) -> None:
    result = run("pubtator", *(arg.format(**{"in": corpus, "out": out}) for arg in args))
    assert failed(result, code)
    assert not out.exists()


def test_pair_needs_two_types(corpus: Path, out: Path) -> None:
    assert failed(run("masked", corpus, out, "--pair", "A"), "BR147")
