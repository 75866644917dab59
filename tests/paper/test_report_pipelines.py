"""The tables of entities and of relations from text: what they show of result files, and where there are none."""

import json
from pathlib import Path
from typing import Any

import pytest
import srsly

from benchmarks.grid import read_grid
from benchmarks.report import PUBLISHED, render
from benchmarks.report_pipelines import end_to_end_section, recognition_section
from spacy_biore.analysis import EXCESSES, REASONS

OCCASION = {
    "machine": {"cores": 2, "cpu": "Abacus", "gpus": []},
    "versions": {"spacy": "3.8"},
}
ENTITIES = {
    **OCCASION,
    "command": "python -m benchmarks.recognition training/mine corpus/bc5cdr/test.spacy",
    "settings": {"model": "training/mine"},
    "corpus": "bc5cdr/test",
    "gold": {"CHEMICAL": 8, "DISEASE": 2},
    "scores": {
        "ents_p": 0.5,
        "ents_r": 0.6,
        "ents_f": 0.5454,
        "ents_per_type": {"CHEMICAL": {"p": 1.0, "r": 0.75, "f": 0.857}, "DISEASE": {"p": 0.0, "r": 0.0, "f": 0.0}},
    },
}


def view(right: int, **lost_and_excess: int) -> dict[str, Any]:
    """Return the scores of so many right relations of ten, five of them predicted besides."""
    counts = {name.replace("_", " "): number for name, number in lost_and_excess.items()}
    return {
        "rel_micro_p": right / (right + 5),
        "rel_micro_r": right / 10,
        "rel_micro_f": 2 * right / (right + 15),
        "gold": 10,
        "predicted": right + 5,
        "found": right,
        "lost": {reason: counts.get(reason, 0) for reason in REASONS},
        "excess": {kind: counts.get(kind, 0) for kind in EXCESSES},
    }


WHOLE = {
    **OCCASION,
    "command": "python -m benchmarks.accuracy training/whole corpus/chemprot/test.spacy --end-to-end",
    "settings": {"model": "training/whole"},
    "corpus": "chemprot/test",
    "scores": view(5, no_relation_predicted=5, pair_not_related=5),
    "end_to_end": view(3, entity_missed=7, entity_not_gold=5),
}


@pytest.fixture
def published() -> dict[str, Any]:
    return srsly.read_yaml(PUBLISHED)


def cells(text: str, *, holding: str) -> list[list[str]]:
    """Return the cells of the rows of all tables that hold a text."""
    rows = [line for line in text.splitlines() if line.startswith("|") and holding in line]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]


def test_entities_of_each_type_and_of_all(published):
    text = recognition_section({"mine": ENTITIES}, published)
    types = ["CHEMICAL (8): P / R / F1", "DISEASE (2): P / R / F1", "all (10): P / R / F1"]
    assert cells(text, holding="(8)") == [["pipeline", "part", *types, "command"]]
    scores = ["100.0 / 75.0 / 85.7", "0.0 / 0.0 / 0.0", "50.0 / 60.0 / 54.5"]
    assert cells(text, holding="training/mine") == [["`training/mine`", "test", *scores, f"`{ENTITIES['command']}`"]]


def test_one_type_is_all(published):
    scores = {**ENTITIES["scores"], "ents_per_type": {"GENE": {"p": 0.5, "r": 0.6, "f": 0.5454}}}
    records = {name: {**ENTITIES, "settings": {"model": name}, "gold": {"GENE": 8}, "scores": scores} for name in "ba"}
    text = recognition_section(records, published)
    assert [row[:3] for row in cells(text, holding="54.5")] == [
        [f"`{name}`", "test", "50.0 / 60.0 / 54.5"] for name in "ab"
    ]


def test_results_on_other_mentions_have_a_table_of_their_own(published):
    dev = {**ENTITIES, "corpus": "bc5cdr/dev", "gold": {"CHEMICAL": 5, "DISEASE": 1}}
    text = recognition_section({"test": ENTITIES, "dev": dev}, published)
    headers = [[cell.split(":")[0] for cell in row[2:5]] for row in cells(text, holding="| part |")]
    assert headers == [["CHEMICAL (8)", "DISEASE (2)", "all (10)"], ["CHEMICAL (5)", "DISEASE (1)", "all (6)"]]
    assert [row[1] for row in cells(text, holding="training/mine")] == ["test", "dev"]


def test_published_entities_stand_under_their_corpus(published):
    text = recognition_section({"mine": {**ENTITIES, "corpus": "chemprot/test"}}, published)
    cdr, *others = text.split("### ")[1:]
    assert cells(cdr, holding="BioBERT v1.1")[0][:3] == ["BioBERT v1.1", "CHEMICAL", "93.5"]
    assert "tokenised version" in cdr
    assert not any("Published" in other for other in others)
    assert others[-1].startswith("chemprot") and "training/mine" in others[-1]


def test_a_corpus_without_results_has_no_rows_of_ours(published):
    text = recognition_section({}, published)
    assert text.count("Not run: `python -m benchmarks.recognition") == len(published["recognition"]) == 5
    assert "| part |" not in text and cells(text, holding="BERT-base")


def test_gold_without_mentions_has_no_scores(published):
    nothing = {"ents_p": None, "ents_r": None, "ents_f": None, "ents_per_type": None}
    text = recognition_section({"mine": {**ENTITIES, "gold": {}, "scores": nothing}}, published)
    assert [row[2] for row in cells(text, holding="training/mine")] == ["- / - / -"] and "all (0)" in text


def test_relations_from_text_stand_beside_those_of_gold_entities():
    text = end_to_end_section({"whole": WHOLE})
    assert cells(text, holding="command")[0][2:4] == ["given gold entities: P / R / F1", "from text: P / R / F1"]
    scores = ["50.0 / 50.0 / 50.0", "37.5 / 30.0 / 33.3"]
    assert cells(text, holding="benchmarks.accuracy") == [
        ["chemprot/test", "`training/whole`", *scores, f"`{WHOLE['command']}`"]
    ]


def test_what_was_lost_and_found_too_much_has_its_reasons():
    lost, excess = end_to_end_section({"whole": WHOLE}).split("Gold relations, and")[1].split("Predicted relations")
    for text, name, total, part in ((lost, "entity missed", "10", "7"), (excess, "entity not gold", "8", "5")):
        header = cells(text, holding="| found |")[0]
        given_gold, from_text = cells(text, holding="training/whole")
        assert from_text[3:5] == [total, "3"] and given_gold[4] == "5"
        assert (from_text[header.index(name)], given_gold[header.index(name)]) == (part, "0")
        assert sum(map(int, from_text[5:])) == int(part)


def test_without_results_there_is_no_table_of_relations_from_text():
    text = end_to_end_section({})
    assert "Not run: `python -m benchmarks.accuracy" in text and "--end-to-end" in text
    assert "|" not in text


def test_the_page_has_both_sections_and_their_machines(grid_path: Path, tmp_path: Path):
    for part, record in (("recognition", ENTITIES), ("end_to_end", WHOLE)):
        (tmp_path / part).mkdir()
        (tmp_path / part / "mine.json").write_text(json.dumps(record))
    page = tmp_path / "docs" / "page.md"
    text = render(read_grid(grid_path), {}, page, pipelines=tmp_path)[page]
    assert cells(text, holding="training/mine") and cells(text, holding="training/whole")
    assert text.count("- 2 cores of Abacus; spacy 3.8") == 1
