import pytest

from spacy_biore.errors import BioreError
from spacy_biore.formats.lines import Line, read_lines


@pytest.fixture
def path(tmp_path):
    return tmp_path / "table.tsv"


def test_lines_are_numbered_and_blank_ones_left_out(path):
    path.write_bytes(b"one\n\n  \t\ntwo")
    assert [(line.number, line.text) for line in read_lines(path)] == [(1, "one"), (4, "two")]


def test_byte_order_mark_and_crlf_are_removed(path):
    path.write_bytes(b"\xef\xbb\xbfone\ttwo\r\nthree\t \r\n")
    assert [line.text for line in read_lines(path)] == ["one\ttwo", "three\t "]


def test_only_a_line_feed_ends_a_line(path):
    text = "IL\u20282\x85 and\x0bIL\x1c3"
    path.write_text(text + "\n", encoding="utf-8")
    assert [line.text for line in read_lines(path)] == [text]


def test_missing_file(path):
    with pytest.raises(BioreError, match=r"BR100.*table\.tsv"):
        list(read_lines(path))


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_empty_file(path, content):
    path.write_bytes(content)
    with pytest.raises(BioreError, match=r"BR101.*table\.tsv"):
        list(read_lines(path))


def test_invalid_utf8_names_file_line_and_byte(path):
    path.write_bytes("good\nna\u00efve\n".encode("latin1"))
    with pytest.raises(BioreError, match=r"BR102.*table\.tsv, line 2: byte 0xef at position 3"):
        list(read_lines(path))


def test_columns_of_an_allowed_number(path):
    assert Line(path, 7, "a\t\tc").columns(2, 3) == ["a", "", "c"]


@pytest.mark.parametrize("text", ["a", "a\tb\tc\td\te"])
def test_wrong_number_of_columns(path, text):
    with pytest.raises(BioreError, match=r"BR103.*table\.tsv, line 7: \d columns where 2 or 3 are needed"):
        Line(path, 7, text).columns(2, 3)
