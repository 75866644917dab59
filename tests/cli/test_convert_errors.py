"""``python -m spacy biore convert``: whatever goes wrong, and however late, the output is as it was before."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from spacy.tokens import DocBin


def test_error_in_the_last_split_leaves_no_output(biore: Any, articles: Path, out: Path) -> None:
    with (articles / "c_test.PubTator").open("a") as file:
        file.write("31|t|Title.\n31|a|Text.\n31\t0\t5\tOther\tChemical\tD1\n")
    assert biore("convert", "pubtator", articles, out).failed("BR106", "c_test.PubTator, line 23", "document '31'")
    assert not out.exists()


def test_error_leaves_an_older_output_alone(biore: Any, articles: Path, out: Path) -> None:
    assert biore("convert", "pubtator", articles, out).code == 0
    before = {path: path.read_bytes() for path in out.iterdir()}
    (articles / "c_test.PubTator").write_text("nonsense\n")
    assert biore("convert", "pubtator", articles, out).failed("BR115")
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_error_in_writing_the_report_leaves_no_output(biore: Any, articles: Path, out: Path) -> None:
    assert biore("convert", "pubtator", articles, out, "--report", articles).failed("BR140")
    assert not out.exists()


def test_report_and_output_are_two_files(biore: Any, articles: Path, out: Path) -> None:
    file = out / "x.spacy"
    assert biore("convert", "pubtator", articles / "c_dev.PubTator", file, "--report", file).failed("BR140", "twice")
    assert not out.exists()


def test_unexpected_error_leaves_no_output(biore: Any, articles: Path, out: Path, monkeypatch: Any) -> None:
    written = []

    def to_disk(self: DocBin, path: Path) -> None:
        path.write_bytes(b"half")
        written.append(path)
        if len(written) == 2:
            raise OSError("no space left on device")

    monkeypatch.setattr(DocBin, "to_disk", to_disk)
    result = biore("convert", "pubtator", articles, out)
    assert result.code == 1 and len(written) == 2
    assert not out.exists()


def test_different_documents_of_one_id(biore: Any, articles: Path, out: Path) -> None:
    path = articles / "c_test.PubTator"
    path.write_text(path.read_text() + path.read_text().replace("harms", "helps"))
    result = biore("convert", "pubtator", articles, out)
    assert result.failed("BR117", "c_test.PubTator, line 21", "'30'", "c_test.PubTator, line 1)")


def test_labels_of_which_none_occurs(biore: Any, articles: Path, out: Path) -> None:
    assert biore("convert", "pubtator", articles, out, "--labels", "CIDD").failed("BR145", "CIDD", "BINDS, CID")
    assert not out.exists()


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
        (["{in}", "{out}", "--model", "no_such_model"], "BR300"),
    ],
)
def test_options_that_do_not_fit(biore: Any, articles: Path, out: Path, args: list[str], code: str) -> None:
    result = biore("convert", "pubtator", *(arg.format(**{"in": articles, "out": out}) for arg in args))
    assert result.failed(code)
    assert not out.exists()


def test_pair_needs_two_types(biore: Any, articles: Path, out: Path) -> None:
    assert biore("convert", "masked", articles, out, "--pair", "A").failed("BR147")


XML = """<corpus><document id="{id}"><sentence id="{id}.s0" text="Abc binds Def.">
<entity id="{id}.s0.e0" charOffset="0-2" text="Abc" type="protein"/></sentence></document></corpus>"""


def test_a_document_that_stands_twice_in_one_xml_file_is_written_once(biore: Any, out: Path, tmp_path: Path) -> None:
    one = XML.format(id="d1")
    (tmp_path / "c.xml").write_text(one.replace("</corpus>", one[len("<corpus>") :]))
    result = biore("convert", "ppi", tmp_path / "c.xml", out / "c.spacy")
    assert result.code == 0, result.output
    assert "documents read 2" in result.text and "documents written 1" in result.text
    assert "documents dropped: identical to an earlier document 1" in result.text


def test_a_document_without_an_id_is_an_error(biore: Any, out: Path, tmp_path: Path) -> None:
    (tmp_path / "c.xml").write_text(XML.format(id=""))
    assert biore("convert", "ppi", tmp_path / "c.xml", out / "c.spacy").failed("BR118", "the id is empty")


def test_two_documents_of_one_id_are_an_error_in_whatever_parts(biore: Any, out: Path, tmp_path: Path) -> None:
    lines = [{"id": "d1", "group": text, "text": text, "mentions": [], "relations": []} for text in "ab"]
    (tmp_path / "c.jsonl").write_text("\n".join(map(json.dumps, lines)))
    result = biore("convert", "jsonl", tmp_path / "c.jsonl", out, "--split", "0.5,0.5,0")
    assert result.failed("BR117", "'d1'", "line 1", "line 2")


def test_nothing_left_of_a_file_is_an_error(biore: Any, out: Path, tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text('{"id": "d1", "text": " ", "mentions": [], "relations": []}')
    result = biore("convert", "jsonl", tmp_path / "c.jsonl", out / "c.spacy")
    assert result.failed("BR157", "c.jsonl", "no text (1)") and not out.exists()


def test_a_compressed_file_is_named_as_such(biore: Any, out: Path, tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_bytes(gzip.compress(b"{}"))
    assert biore("convert", "jsonl", tmp_path / "c.jsonl", out / "c.spacy").failed("BR100", "it is compressed")


def test_an_option_of_another_format_is_named_as_it_was_given(biore: Any, articles: Path, out: Path) -> None:
    result = biore("convert", "pubtator", articles, out, "--tag-alias", "PROT12=PROTEIN-PROTEIN")
    assert result.failed("BR148", "has no option --tag-alias")
