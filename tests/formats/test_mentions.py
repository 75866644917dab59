from pathlib import Path

import pytest

from spacy_biore.errors import BioreError
from spacy_biore.formats import Counts, Mention
from spacy_biore.formats.lines import Line
from spacy_biore.formats.mentions import MentionRow, build_mentions

TEXT = "Zorbin\u00a0blocks QRX2."


def row(mention_id="T1", start="0", end="6", surface="Zorbin"):
    return MentionRow(Line(Path("e.tsv"), 3, ""), "d1", mention_id, "CHEMICAL", start, end, surface, "D9")


def build(*rows, **kwargs):
    counts = Counts.of_document()
    return build_mentions(rows, TEXT, counts=counts, **kwargs), counts


def test_rows_become_mentions_and_are_counted():
    mentions, counts = build(row(), row("T2", "14", "18", "QRX2"))
    assert mentions["T1"] == Mention("T1", 0, 6, "CHEMICAL", "D9")
    assert list(mentions) == ["T1", "T2"]
    assert counts.mentions.read == counts.mentions.left == 2


@pytest.mark.parametrize("value", ["-1", "1.5", "", "x", "\u0661", " 1", "1_0", "9" * 5000])
@pytest.mark.parametrize("column", ["start", "end"])
def test_offset_that_is_no_number(column, value):
    with pytest.raises(BioreError, match=r"BR104.*e\.tsv, line 3: document 'd1'"):
        build(row(**{column: value}))


@pytest.mark.parametrize(("start", "end"), [("6", "0"), ("0", "20"), ("30", "31")])
def test_offsets_reversed_or_out_of_range(start, end):
    with pytest.raises(BioreError, match=rf"BR105.*line 3: document 'd1'.*{start}:{end}.*19 characters"):
        build(row(start=start, end=end))


def test_surface_that_contradicts_the_text_says_what_is_there():
    with pytest.raises(BioreError, match=r"BR106.*line 3: document 'd1': at 7:13 .* 'Zorbin', .* 'blocks'"):
        build(row(start="7", end="13"))


def test_surface_that_contradicts_the_text_can_be_dropped():
    mentions, counts = build(row(start="7", end="13"), row("T2"), on_mismatch="drop")
    assert mentions["T1"] is None and mentions["T2"] is not None
    assert counts.mentions.dropped == {"text differs": 1} and counts.mentions.left == 1


def test_id_used_twice():
    with pytest.raises(BioreError, match="BR107.*'d1' has two mentions with the id 'T1'"):
        build(row(), row(start="14", end="18", surface="QRX2"))
