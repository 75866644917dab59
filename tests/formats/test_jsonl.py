import json
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_biore.errors import BioreError
from spacy_biore.formats import Document, Mention, Relation, Source, write_jsonl
from spacy_biore.formats.jsonl import read_jsonl

DOCUMENT = {
    "id": "d1",
    "text": "Zorbin blocks QRX2.",
    "group": "article 1",
    "mentions": [
        {"id": "T1", "start": 0, "end": 6, "type": "CHEMICAL", "concept": "D1"},
        {"id": "T2", "start": 14, "end": 18, "type": "GENE"},
    ],
    "relations": [{"head": "T1", "tail": "T2", "label": "INHIBITS"}],
}


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / "c.jsonl"
        path.write_text(text, encoding="utf-8")
        return list(read_jsonl(Source("c", {"file": path})))

    return read_text


def changed(**keys):
    return json.dumps({key: value for key, value in {**DOCUMENT, **keys}.items() if value is not None})


def mention(**keys):
    return changed(mentions=[{**DOCUMENT["mentions"][0], **keys}, DOCUMENT["mentions"][1]])


def test_document(read):
    (document,) = read(json.dumps(DOCUMENT))
    assert document == Document(
        "d1",
        "Zorbin blocks QRX2.",
        [Mention("T1", 0, 6, "CHEMICAL", "D1"), Mention("T2", 14, 18, "GENE")],
        [Relation("T1", "T2", "INHIBITS")],
        "article 1",
    )


def test_group_is_the_id_where_it_is_not_given(read):
    (document,) = read(changed(group=None))
    assert document.group == "d1"


@pytest.mark.parametrize("starts", [[], [0], [0, 14]])
def test_sentences(read, starts):
    (document,) = read(changed(sentences=starts))
    assert document.sentences == starts


def test_offsets_count_characters(read):
    (document,) = read(changed(text="\U0001f9ea\u03b1\u0301\u2028XY blocks QRX2."))
    assert document.text[14:18] == "QRX2"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"BR130.*c\.jsonl, line 2"),
        ("[" * 100_000, r"BR130.*line 2"),
        ('{"id": "d1", "id": "d2"}', r"BR130.*line 2.*the key 'id' stands twice"),
        (mention(text="zorbin"), r"BR106.*line 2: document 'd1': at 0:6 .*'zorbin'.*'Zorbin'"),
        ("[]", r"BR131.*line 2.*must be an object"),
        (changed(text=None), r"BR131.*lacks the key 'text'"),
        (changed(relations=None), r"BR131.*lacks the key 'relations'"),
        (changed(title="x"), r"BR131.*document 'd1'.*unknown key 'title'"),
        (changed(id=7), r"BR131.*'id' must be a string"),
        (changed(id=""), r"BR131.*'id' must not be empty"),
        (changed(text="\ud800"), r"BR130.*line 2.*half a surrogate pair, '\\ud800'"),
        ('{"id": "d1", "\\ud800": 1}', r"BR130.*line 2.*half a surrogate pair, '\\ud800'"),
        ('{"\\ud800": 2, "\\ud800": 1}', r"BR130.*line 2.*the key '\\ud800' stands twice"),
        (changed(mentions={}), r"BR131.*'mentions' must be a list"),
        (changed(mentions=[3]), r"BR131.*document 'd1': this mention .*must be an object"),
        (mention(start="0"), r"BR131.*'start' must be a whole number"),
        (mention(start=False), r"BR131.*'start' must be a whole number"),
        (mention(end=6.0), r"BR131.*'end' must be a whole number"),
        (mention(type=" "), r"BR131.*'type' must not be empty"),
        (mention(type="GENE "), r"BR131.*'type' must not begin or end with whitespace"),
        (mention(type=""), r"BR131.*'type' must not be empty"),
        (mention(concept=5), r"BR131.*'concept' must be a string"),
        (mention(name="x"), r"BR131.*unknown key 'name'"),
        (mention(start=-1), r"BR105.*document 'd1'"),
        (mention(start=6, end=0), r"BR105"),
        (mention(end=99), r"BR105.*19 characters"),
        (mention(id="T2"), r"BR107.*document 'd1'.*'T2'"),
        (changed(relations=[{"head": "T1", "tail": "T9", "label": "A"}]), r"BR109.*document 'd1'.*'T9'"),
        (changed(sentences=7), r"BR131.*'sentences' must be a list"),
        (changed(sentences=[False]), r"BR131.*document 'd1'.*'sentences' must be whole numbers"),
        (changed(sentences=[5, 0]), r"BR131.*'sentences'.*rise"),
        (changed(sentences=[0, 0]), r"BR131.*'sentences'.*rise"),
        (changed(sentences=[-1]), r"BR131.*'sentences'"),
        (changed(sentences=[0, 19]), r"BR131.*'sentences'.*in the text"),
        (changed(relations=[{"head": "T1", "tail": "T2"}]), r"BR131.*this relation .*lacks the key 'label'"),
    ],
)
def test_bad_lines(read, line, message):
    with pytest.raises(BioreError, match=message):
        read(json.dumps(DOCUMENT) + "\n" + line)


def test_writer_leaves_nothing_behind_on_an_error(tmp_path):
    def documents():
        yield Document("d1", "text")
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_jsonl(tmp_path / "new" / "c.jsonl", documents())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (Document("", "Text."), r"BR131.*c\.jsonl, line 1.*'id' must not be empty"),
        (Document("d1", "Half \ud800."), r"BR130.*line 1.*half a surrogate pair"),
    ],
)
def test_what_could_not_be_read_is_not_written(tmp_path, document, message):
    with pytest.raises(BioreError, match=message):
        write_jsonl(tmp_path / "c.jsonl", [document])
    assert not list(tmp_path.iterdir())


def test_the_sentence_of_an_empty_document_is_none(tmp_path):
    write_jsonl(tmp_path / "c.jsonl", [Document("d1", "", sentences=[0])])
    (document,) = read_jsonl(Source("c", {"file": tmp_path / "c.jsonl"}))
    assert document.sentences == []


def test_the_example_of_the_page_writes_a_corpus(tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf8")
    [block] = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "write_jsonl" in block]
    monkeypatch.chdir(tmp_path)
    exec(block, {})
    written = json.loads(Path("mine.jsonl").read_text(encoding="utf8"))
    assert [mention["text"] for mention in written["mentions"]] == ["Zorbin", "QRX2"]
    (document,) = read_jsonl(Source("c", {"file": Path("mine.jsonl")}))
    assert document.relations == [Relation("T1", "T2", "INHIBITS")]


names = st.text(min_size=1, max_size=8).map(str.strip).filter(bool)


@st.composite
def documents(draw):
    text = draw(st.text(max_size=40))
    ids = draw(st.lists(names, max_size=4, unique=True))
    mentions = []
    for mention_id in ids:
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, len(text)))
        mentions.append(Mention(mention_id, start, end, draw(names), draw(st.none() | names)))
    relation = st.builds(Relation, st.sampled_from(ids), st.sampled_from(ids), names)
    relations = draw(st.lists(relation, max_size=4)) if ids else []
    starts = st.sets(st.integers(0, len(text) - 1), max_size=3).map(sorted) if text else st.just([])
    return Document(draw(names), text, mentions, relations, draw(st.just("") | names), draw(st.none() | starts))


@settings(max_examples=60, deadline=None)
@given(st.lists(documents(), min_size=1, max_size=4))
def test_what_is_written_is_read_again(written):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.jsonl"
        write_jsonl(path, written)
        assert list(read_jsonl(Source("c", {"file": path}))) == written
