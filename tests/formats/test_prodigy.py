import json

import pytest

from spacy_biore.errors import BioreError
from spacy_biore.formats import Mention, Relation, Source
from spacy_biore.formats.prodigy import read_prodigy

TEXT = "Zorbin blocks QRX2."
CHEMICAL = {"start": 0, "end": 6, "token_start": 0, "token_end": 0, "label": "CHEMICAL", "text": "Zorbin"}
GENE = {"start": 14, "end": 18, "token_start": 2, "token_end": 3, "label": "GENE"}
RELATION = {"head": 0, "child": 3, "head_span": CHEMICAL, "child_span": GENE, "label": "INHIBITS", "color": "#fff"}


def task(**changes):
    return {
        "text": TEXT,
        "_input_hash": -17,
        "_task_hash": 4,
        "tokens": [],
        "spans": [CHEMICAL, GENE],
        "relations": [RELATION],
        "answer": "accept",
        **changes,
    }


@pytest.fixture
def path(tmp_path):
    return tmp_path / "c.jsonl"


@pytest.fixture
def read(path):
    def read_tasks(*tasks):
        path.write_text("".join(json.dumps(one) + "\n" for one in tasks))
        return list(read_prodigy(Source("c", {"file": path})))

    return read_tasks


def test_spans_become_mentions_and_relations_go_from_head_to_child(read):
    (document,) = read(task(meta={"source": "PubMed", "pmid": 21}))
    assert (document.id, document.group, document.text, document.sentences) == ("-17", "21", TEXT, None)
    assert document.mentions == [Mention("T1", 0, 6, "CHEMICAL"), Mention("T2", 14, 18, "GENE")]
    assert document.relations == [Relation("T1", "T2", "INHIBITS")]
    assert (document.counts.mentions.read, document.counts.relations.read, document.refused) == (2, 1, "")


def test_ends_are_found_by_their_last_tokens_in_older_exports(read):
    (document,) = read(task(relations=[{"head": 3, "child": 0, "label": "BINDS"}]))
    assert document.relations == [Relation("T2", "T1", "BINDS")]


def test_spans_in_one_place_are_told_apart_by_their_labels(read):
    other = {**GENE, "label": "COMPLEX"}
    (document,) = read(task(spans=[other, CHEMICAL, GENE]))
    assert document.relations == [Relation("T2", "T3", "INHIBITS")]


def test_relation_of_a_bare_token_is_a_counted_drop(read):
    token = {"start": 7, "end": 13, "token_start": 1, "token_end": 1, "label": None}
    (document,) = read(task(relations=[RELATION, {**RELATION, "child": 1, "child_span": token}]))
    assert len(document.relations) == 1
    assert (document.counts.relations.read, document.counts.relations.dropped) == (2, {"of a token that is no span": 1})


def test_id_is_that_of_the_task_or_its_line(read):
    named, bare = read(task(id="d1"), {"text": "x"})
    assert (named.id, bare.id, bare.mentions, bare.relations) == ("d1", "line 2", [], [])


def test_other_answers_leave_the_text_out_and_are_counted(biore, read, path, tmp_path):
    read(task(), task(_input_hash=2, answer="reject"), task(_input_hash=2, answer="ignore"))
    result = biore("convert", "prodigy", path, tmp_path / "c.spacy")
    assert result.code == 0
    assert "documents read 3" in result.text and "documents written 1" in result.text
    for kind, number in (("documents", 1), ("mentions", 2), ("relations", 1)):
        for answer in ("reject", "ignore"):
            assert f"{kind} dropped: answer '{answer}' {number}" in result.text


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, r"BR131.*c\.jsonl, line 1: document 'line 1': this task .*must be an object"),
        ({"_input_hash": 3}, r"BR131.*document '3'.*lacks the key 'text'"),
        (task(spans=3), r"BR131.*document '-17'.*'spans' must be a list"),
        (task(spans=[{"start": 0, "end": 6, "label": None}]), r"BR131.*this span .*lacks the key 'label'"),
        (task(spans=[{**GENE, "end": True}]), r"BR131.*this span .*'end' must be a whole number"),
        (task(spans=[{**GENE, "end": 60}]), r"BR105.*line 1: document '-17'"),
        (task(spans=[{**GENE, "label": " "}]), r"BR118.*type of a mention"),
        (task(relations=[{"head": 0, "label": "X"}]), r"BR131.*this relation .*lacks the key 'child'"),
        (task(relations=[{**RELATION, "label": ""}]), r"BR118.*label of a relation"),
    ],
)
def test_bad_tasks(read, value, message):
    with pytest.raises(BioreError, match=message):
        read(value)


def test_not_json(path):
    path.write_text("{\n")
    with pytest.raises(BioreError, match=r"BR130.*line 1"):
        list(read_prodigy(Source("c", {"file": path})))
