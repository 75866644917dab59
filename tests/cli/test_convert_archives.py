"""``python -m spacy biore convert``: corpora of many files, which become a file each split or fold."""

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from spacy_biore.relations import get_doc_id

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


def test_archive_becomes_a_folder_of_splits(biore: Any, archive: Path, out: Path, written: Any) -> None:
    result = biore("convert", "ddi", archive, out)
    assert result.code == 0, result.output
    assert list(written()) == ["test.spacy", "train.spacy"]
    table = result.text
    assert "documents written 2 1" in table
    assert "relations read 4 2" in table and "dropped: no type 2 1" in table
    assert "mechanism 2 1" in table and "pairs read 2 1" in table
    assert "BRW15" in table and "member DDI/Train/a.xml, document D.d0" in table
    (doc,) = written()["test.spacy"]
    assert [span.text for span in doc.spans["entities"]] == ["Zorbin", "QRX", "quellin"]
    assert [sent.text for sent in doc.sents] == ["Zorbin(QRX) raises quellin.", "No 2. sentence here"]


def test_many_files_that_are_left_out_are_not_all_named(biore: Any, archive: Path, out: Path) -> None:
    result = biore("convert", "ddi", archive, out, "--report", out / "counts.json")
    table = result.text
    assert "12 file(s) left out: test set of the recognition task" in table and "and 2 more" in table
    assert len(json.loads((out / "counts.json").read_text())["skipped"]) == 12


def test_broken_members_are_named_and_counted_and_the_rest_goes_on(
    biore: Any, archive: Path, out: Path, written: Any, tmp_path: Path
) -> None:
    with ZipFile(archive, "a") as file:
        file.writestr("DDI/Train/e.xml", DRUGS.format(n=20))
    data = archive.read_bytes()
    for doc_id in (b"D.d1", b"D.d20"):
        data = data.replace(b'<document id="%s"' % doc_id, b'<document id="%s"' % (b"?" * len(doc_id)))
    archive.write_bytes(data)
    result = biore("convert", "ddi", archive, out, "--report", tmp_path / "counts.json")
    assert result.failed("2 file(s) broken and left out", "DDI/Train/b.xml (Bad CRC-32", "DDI/Train/e.xml (Bad CRC-32")
    assert [get_doc_id(doc) for doc in written()["train.spacy"]] == ["D.d0"] and "test.spacy" in written()
    assert "documents read 3 1" in result.text and "documents dropped: broken file 2 0" in result.text
    assert list(json.loads((tmp_path / "counts.json").read_text())["broken"]) == ["DDI/Train/b.xml", "DDI/Train/e.xml"]


def test_members_that_are_no_documents_are_named_and_counted_and_the_rest_goes_on(
    biore: Any, archive: Path, out: Path, written: Any
) -> None:
    with ZipFile(archive, "a") as file:
        for n, text in enumerate(["", "<document", "<html/>"]):
            file.writestr(f"DDI/Train/x{n}.xml", text)
    result = biore("convert", "ddi", archive, out)
    assert result.failed(
        "3 file(s) broken and left out", "x0.xml (no element found", "x1.xml (unclosed token", "<html>"
    )
    assert [get_doc_id(doc) for doc in written()["train.spacy"]] == ["D.d0", "D.d1"] and "test.spacy" in written()
    assert "documents read 5 1" in result.text and "documents dropped: broken file 3 0" in result.text


def test_broken_files_of_a_folder_are_named_and_counted_and_the_rest_goes_on(
    biore: Any, archive: Path, out: Path, written: Any, tmp_path: Path
) -> None:
    with ZipFile(archive) as file:
        file.extractall(tmp_path / "folder")
    (tmp_path / "folder" / "DDI" / "Train" / "b.xml").write_text("<document")
    result = biore("convert", "ddi", tmp_path / "folder", out)
    assert result.failed("1 file(s) broken and left out", "DDI/Train/b.xml (unclosed token")
    assert [get_doc_id(doc) for doc in written()["train.spacy"]] == ["D.d0"] and "test.spacy" in written()
    assert "documents read 2 1" in result.text and "documents dropped: broken file 1 0" in result.text


def test_broken_split_leaves_no_output(biore: Any, archive: Path, out: Path) -> None:
    archive.write_bytes(archive.read_bytes().replace(b"D.d2", b"D.d?"))
    result = biore("convert", "ddi", archive, out)
    assert result.failed("BR150", "DDI.zip: 1 of 1 files in it are broken", "DDI/Test/DDI task/c.xml")
    assert not out.exists()


def test_contradictions_are_all_named(biore: Any, archive: Path, out: Path, tmp_path: Path) -> None:
    with ZipFile(archive, "a") as file:
        for n in (20, 21):
            file.writestr(f"DDI/Train/{n}.xml", DRUGS.format(n=n).replace('text="QRX"', 'text="QRY"'))
    assert biore("convert", "ddi", archive, out).failed("BR156", "'D.d20', 7:10 ('QRY', not 'QRX')", "'D.d21', 7:10")
    assert not out.exists()
    result = biore("convert", "ddi", archive, out, "--on-mismatch", "drop", "--report", tmp_path / "counts.json")
    assert result.code == 0 and "2 mention(s) contradict the text and are left out" in result.text
    assert "'D.d21', 7:10 ('QRY', not 'QRX')" in result.text and "mentions dropped: text differs 2 0" in result.text
    assert len(json.loads((tmp_path / "counts.json").read_text())["splits"]["train"]["contradictions"]) == 2


def test_contradictions_of_all_splits_are_named(biore: Any, archive: Path, out: Path) -> None:
    with ZipFile(archive, "a") as file:
        for n, split in enumerate(("Train", "Test/DDI task"), start=20):
            file.writestr(f"DDI/{split}/{n}.xml", DRUGS.format(n=n).replace('text="QRX"', 'text="QRY"'))
    assert biore("convert", "ddi", archive, out).failed("BR156", "2 mentions", "'D.d20', 7:10", "'D.d21', 7:10")
    assert not out.exists()


def test_archive_does_not_become_a_file(biore: Any, archive: Path, out: Path) -> None:
    assert biore("convert", "ddi", archive, out / "x.spacy").failed("BR144")


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


def test_folds_become_a_file_each_and_are_summed_up(biore: Any, folds: Path, out: Path, written: Any) -> None:
    result = biore("convert", "ppi", folds, out)
    assert result.code == 0, result.output
    assert list(written()) == [f"fold_{n}.spacy" for n in range(7)]
    assert [get_doc_id(doc) for doc in written()["fold_4.spacy"]] == ["A.d40", "A.d41", "A.d42"]
    table = result.text
    assert "fold_5" in table and "fold_6 total" in table
    assert "relations read 2 14" in table and "negative pairs read 1 7" in table


def test_folds_that_overlap(biore: Any, folds: Path, out: Path) -> None:
    (folds / "test_5.json").write_text(instance("A.d21", 0, "positive") + instance("A.d51", 0, "positive"))
    result = biore("convert", "ppi", folds, out)
    assert result.failed("BR155", "'A.d21'", "test_2.json", "test_5.json", "(1 document(s) in all)")
    assert not out.exists()
