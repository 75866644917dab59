"""Reading unlabelled text: every kind of file, compressed or not, and files that are not what their names say."""

import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from spacy.tokens import Doc, DocBin

from spacy_biore.adaptation.texts import read_texts, sentence_lines
from spacy_biore.errors import BioreError

PUBMED = """<?xml version="1.0"?>
<PubmedArticleSet>
<PubmedArticle><MedlineCitation><PMID Version="1">11</PMID><Article><ArticleTitle>The <i>EGFR</i> gene.</ArticleTitle>
<Abstract><AbstractText Label="AIM">To see.</AbstractText><AbstractText Label="END">Seen.</AbstractText></Abstract>
</Article></MedlineCitation></PubmedArticle>
<PubmedArticle><MedlineCitation><PMID>12</PMID><Article><ArticleTitle>No abstract.</ArticleTitle></Article>
</MedlineCitation></PubmedArticle>
</PubmedArticleSet>"""


def read(*paths: Path) -> list[tuple[str, str]]:
    return [(text.id, text.text) for text in read_texts(paths)]


def test_plain_text_is_parted_by_blank_lines(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfFirst line.\r\nSecond.\r\n\r\n \n\nOther document.")
    assert read(path) == [("", "First line.\nSecond."), ("", "Other document.")]
    assert [text.where for text in read_texts([path])] == [f"{path}, line 1", f"{path}, line 6"]


def test_jsonl_with_text_or_title_and_abstract(tmp_path: Path):
    lines = [{"pmid": 5, "text": "One."}, {"id": "x", "title": "Two.", "abstract": "Three."}, {"title": "Four."}]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    assert read(path) == [("5", "One."), ("x", "Two.\nThree."), ("", "Four.")]


def test_all_ids_of_a_line_are_kept(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "row-17", "pmid": 123, "text": "One."}\n{"id": 0, "doc_id": "", "text": "Two."}')
    assert [(text.id, text.other_ids) for text in read_texts([path])] == [("row-17", ("123",)), ("0", ())]


@pytest.mark.parametrize(("suffix", "module"), [(".gz", gzip), (".xz", lzma)])
def test_compressed_files(tmp_path: Path, suffix: str, module):
    with module.open(tmp_path / f"a.jsonl{suffix}", "wt") as file:
        file.write('{"id": "1", "text": "One."}')
    with module.open(tmp_path / f"b.pubtator.txt{suffix}", "wt") as file:
        file.write("2|t|Title.\n2|a|Abstract.\n2\t0\t5\tTitle\tGene\t-\n\n3|t|Alone.\n")
    assert read(tmp_path) == [("1", "One."), ("2", "Title.\nAbstract."), ("3", "Alone.")]


def test_pubmed_xml(tmp_path: Path):
    (tmp_path / "a.xml").write_text(PUBMED)
    assert read(tmp_path / "a.xml") == [("11", "The EGFR gene.\nTo see.\nSeen."), ("12", "No abstract.")]


@pytest.mark.parametrize(("suffix", "compress"), [("", bytes), (".gz", gzip.compress), (".xz", lzma.compress)])
def test_docbin(tmp_path: Path, make_doc: Callable[..., Doc], suffix: str, compress: Callable[[bytes], bytes]):
    doc = make_doc("[aspirin|CHEMICAL] works .")
    doc.user_data["biore_doc_id"] = "77"
    path = tmp_path / f"a.spacy{suffix}"
    path.write_bytes(compress(DocBin(docs=[doc], store_user_data=True).to_bytes()))
    assert read(path) == [("77", "aspirin works .")]


def test_a_folder_is_read_in_order_and_other_files_are_not(tmp_path: Path):
    (tmp_path / "sub").mkdir()
    for name in ("b.txt", "sub/c.txt", "a.txt", "readme.md"):
        (tmp_path / name).write_text(name)
    assert [text for _, text in read(tmp_path)] == ["a.txt", "b.txt", "sub/c.txt"]


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("a.md", b"text", "BR400", "jsonl"),
        ("a.jsonl", b'{"text": "fine"}\n{"text": ', "BR401", "line 2"),
        ("a.jsonl", b'{"text": ["no", "string"]}', "BR401", "line 1"),
        ("a.jsonl", b'["text"]', "BR401", "line 1"),
        ("a.jsonl", b"7", "BR401", "line 1"),
        ("a.jsonl", b'{"text": "fine"}\n{"text": "cut \\ud83d"}', "BR401", "line 2.*character 4"),
        ("a.jsonl", b"null", "BR401", "line 1"),
        ("a.jsonl", b"1" * 5000, "BR401", "line 1"),
        ("a.jsonl", b'{"text": "fine"}\n{"title": 7}', "BR401", "line 2"),
        ("a.jsonl", b'{"id": "1"}', "BR401", "line 1"),
        ("a.jsonl", b"[" * 200_000, "BR401", "line 1"),
        ("a.xml", b'<?xml version="1.0" encoding="foo"?><PubmedArticleSet/>', "BR402", "a.xml"),
        ("a.xml", b'<?xml version="1.0" encoding="utf-7"?><PubmedArticleSet/>', "BR402", "a.xml"),
        ("a.pubtator", b"1|t|Title\n2|a|Abstract", "BR401", "line 2"),
        ("a.txt", b"fine\n\xff\n", "BR102", "line 2"),
        ("a.xml", b"<PubmedArticleSet><PubmedArticle>", "BR402", "a.xml"),
        ("a.xml", b"", "BR402", "a.xml"),
        ("a.spacy", b"no docbin", "BR402", "a.spacy"),
        ("a.txt.gz", b"not gzip", "BR100", "a.txt.gz"),
        ("a.txt.xz", b"not xz", "BR100", "a.txt.xz"),
        ("a.txt.gz", gzip.compress(b"text " * 99, mtime=0)[:10] + b"\xff" * 20, "BR100", "a.txt.gz"),
        ("a.xml", b"<collection><document/></collection>", "BR101", "a.xml"),
        ("a.pubtator", b"no bars", "BR101", "a.pubtator"),
    ],
)
def test_files_that_are_not_what_their_names_say(tmp_path: Path, name: str, content: bytes, code: str, words: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BioreError, match=rf"{code}.*{words}"):
        list(read_texts([tmp_path / name]))


@pytest.mark.parametrize("line", ['{"id": "1", "text": ""}', '{"pmid": 1, "title": null, "abstract": null}'])
def test_a_record_without_a_word_is_a_document_all_the_same(tmp_path: Path, line: str):
    (tmp_path / "a.jsonl").write_text(line)
    assert read(tmp_path / "a.jsonl") == [("1", "")]


def test_sentences_of_a_corpus_are_lines(tmp_path: Path, make_doc: Callable[..., Doc]):
    DocBin(docs=[make_doc("AUC rose ; in two it fell .", sentences=False)]).to_disk(tmp_path / "a.spacy")
    doc = make_doc("AUC rose ; in two it fell .")
    for token in doc:
        token.is_sent_start = token.text in ("AUC", "in")
    DocBin(docs=[doc]).to_disk(tmp_path / "b.spacy")
    assert [read(tmp_path / f"{name}.spacy")[0][1] for name in "ab"] == [
        "AUC rose ; in two it fell .",
        "AUC rose ;\nin two it fell .",
    ]


def test_a_sentence_end_without_a_blank_is_no_line_end(make_doc: Callable[..., Doc]):
    doc = make_doc("in rats.We found")
    for token in doc:
        token.is_sent_start = token.text in ("in", "We")
    assert len(list(doc.sents)) == 2 and sentence_lines(doc) == doc.text


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text("Only once.")
    assert len(list(read_texts([path, tmp_path, path]))) == 1


def test_a_missing_file_and_an_empty_folder(tmp_path: Path):
    with pytest.raises(BioreError, match=r"BR100.*gone\.txt"):
        list(read_texts([tmp_path / "gone.txt"]))
    with pytest.raises(BioreError, match="BR400"):
        list(read_texts([tmp_path]))
