import json

import pytest

from spacy_biore.errors import BioreError
from spacy_biore.formats import Mention, Relation, Source
from spacy_biore.formats.ppi import read_ppi

TEXT = "Abc1 and Xyz bind Q2."


def row(number=0, pair=("Abc1", "Q2"), kind="positive", *, sentence="A.d1.s3", text=TEXT, **changes):
    relation = {"relation_type": kind, "relation_id": 0}
    for name, word in zip(("entity_1", "entity_2"), pair, strict=True):
        start = text.index(word)
        relation |= {name: word, f"{name}_idx": [[start, start + len(word)]], f"{name}_type": "protein"}
    value = {
        "id": f"{sentence}_{sentence}.p{number}",
        "text": text,
        "relation": [relation | changes],
        "directed": False,
    }
    return json.dumps(value) + "\n"


@pytest.fixture
def read(tmp_path):
    def read_text(text, **kwargs):
        path = tmp_path / "test_0.json"
        path.write_text(text, encoding="utf-8")
        return list(read_ppi(Source("fold_0", {"file": path}, is_fold=True), **kwargs))

    return read_text


def test_rows_of_a_document_become_one_document(read):
    other = row(sentence="A.d1.s4", text="Xyz is Q2.", pair=("Xyz", "Q2"), kind="negative")
    (document,) = read(row(0) + row(1, ("Abc1", "Xyz"), "negative") + other)
    assert (document.id, document.text, document.sentences) == ("A.d1", f"{TEXT} Xyz is Q2.", [0, 22])
    assert [document.text[mention.start : mention.end] for mention in document.mentions] == [
        "Abc1",
        "Xyz",
        "Q2",
        "Xyz",
        "Q2",
    ]
    assert document.mentions[0] == Mention("A.d1.s3.e0", 0, 4, "PROTEIN")
    assert document.relations == [Relation("A.d1.s3.e0", "A.d1.s3.e2", "PPI")]
    counts = document.counts
    assert (counts.mentions.read, counts.relations.read, counts.negatives) == (5, 1, 2)


def test_rows_of_a_document_need_not_be_together(read):
    first, second = read(row() + row(sentence="A.d2.s9") + row(1, ("Abc1", "Xyz")))
    assert (first.id, len(first.relations), second.id, len(second.relations)) == ("A.d1", 2, "A.d2", 1)


def test_head_is_the_mention_that_comes_first_in_the_text(read):
    (document,) = read(row(pair=("Q2", "Abc1")))
    assert document.relations == [Relation("A.d1.s3.e0", "A.d1.s3.e1", "PPI")]


def test_parts_of_markers_in_the_entity_strings_are_ignored(read):
    nested = row(pair=("Xyz bind Q2", "Q2"), entity_1="Xyz bind [E2]Q2[/E2]")
    (document,) = read(nested)
    assert document.text[document.mentions[0].start : document.mentions[0].end] == "Xyz bind Q2"


def test_discontinuous_entity(read):
    (document,) = read(row(entity_1="Abc1 Xyz", entity_1_idx=[[0, 4], [9, 12]]))
    assert (document.mentions[0].start, document.mentions[0].end) == (0, 12)
    assert document.counts.mentions.changed == {"discontinuous, covered as a whole": 1}


def test_mismatch_can_be_dropped(read):
    (document,) = read(row(entity_1="Abc2") + row(1, ("Xyz", "Q2")), on_mismatch="drop")
    assert [mention.id for mention in document.mentions] == ["A.d1.s3.e1", "A.d1.s3.e2"]
    assert document.relations == [Relation("A.d1.s3.e1", "A.d1.s3.e2", "PPI")]
    assert document.counts.relations.dropped == {"its mention was dropped": 1}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{\n", r"BR130.*test_0\.json, line 2"),
        ("[]\n", r"BR153.*line 2.*must be an object"),
        ('{"id": "A.d1.s3_A.d1.s3.p1"}\n', r"BR153.*line 2.*'text' must be a string"),
        (row(sentence="17"), r"BR153.*line 2.*the id '17_17.p0'"),
        (row(relation_type="maybe"), r"BR153.*line 2.*'maybe'"),
        (row(entity_1_idx=[0, 4]), r"BR153.*line 2.*'entity_1_idx' must be a list"),
        (row(entity_1_idx=[]), r"BR153.*'entity_1_idx'"),
        (row(entity_2_idx=[[0, True]]), r"BR153.*'entity_2_idx'"),
        (row(entity_1_type=None), r"BR153.*'entity_1_type' must be a string"),
        (row(1, entity_1_type=""), r"BR118.*line 2: document 'A.d1': the type"),
        (row(1, text=TEXT.replace("bind", "bond")), r"BR154.*line 2.*'A.d1.s3'.*line 1\)"),
        (row(1, note="\ud800"), r"BR130.*half a surrogate pair"),
        (row(1, entity_1_idx=[[0, 99]]), r"BR106.*line 2: document 'A.d1'.*0:99.*has ''"),
        (row(1, entity_1="Abc2"), r"BR106.*line 2: document 'A.d1'.*'Abc2'.*'Abc1'"),
    ],
)
def test_bad_lines(read, line, message):
    with pytest.raises(BioreError, match=message):
        read(row() + line)
