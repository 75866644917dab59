"""The examples of docs/pipelines.md on annotated entities, run as they stand there on an export of two articles."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from spacy.cli import app
from typer.testing import CliRunner

PAGE = (Path(__file__).parents[1] / "docs" / "pipelines.md").read_text(encoding="utf8")
SECTION = PAGE.split("## Entities that are there already\n")[1].split("\n## ")[0]


def annotation(number: int, kind: str, concept: str, start: int, text: str) -> dict[str, Any]:
    infons = {"identifier": concept, "type": kind, "valid": True}
    return {"id": str(number), "infons": infons, "text": text, "locations": [{"offset": start, "length": len(text)}]}


def article(pmid: str, chemical: str, gene: str) -> dict[str, Any]:
    """Return an article as PubTator 3 exports it."""
    title = "Zorbin blocks qrx in mice."
    annotations = [
        annotation(2, "Chemical", chemical, 0, "Zorbin"),
        annotation(3, "Gene", gene, 14, "qrx"),
        annotation(4, "Species", "10090", 21, "mice"),
    ]
    passage = {"infons": {"type": "title"}, "offset": 0, "text": title, "sentences": [], "annotations": annotations}
    roles = {"role1": {"identifier": chemical, "type": "Chemical"}, "role2": {"identifier": gene, "type": "Gene"}}
    relation = {"id": "R1", "infons": {"score": "0.9", "type": "Association", **roles}, "nodes": []}
    passages = [{**passage, "relations": []}]
    return {"_id": f"{pmid}|None", "id": pmid, "infons": {}, "passages": passages, "relations": [relation]}


def commands() -> Iterator[list[str]]:
    """Yield what follows ``python -m spacy`` in the commands of the section."""
    for line in re.findall(r"^python -m spacy (.*)$", SECTION, re.MULTILINE):
        yield shlex.split(line)


def test_relations_of_entities_that_an_export_has(
    relation_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    articles = [article("7", "MESH:D1", "19"), article("8", "MESH:D2", "23")]
    Path("articles.json").write_text(json.dumps({"PubTator3": articles}))
    for command in commands():
        given = [str(relation_path) if word == "training/chemprot/model-final" else word for word in command]
        result = CliRunner().invoke(app, given)
        assert result.exit_code == 0, result.output
    capsys.readouterr()
    [block] = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
    exec(block, {})
    rows = [line.split("\t")[:4] for line in capsys.readouterr().out.splitlines()]
    assert sorted(rows) == [
        ["7", "MESH:D1", "Association", "19"],
        ["7", "MESH:D1", "INHIBITS", "19"],
        ["8", "MESH:D2", "Association", "23"],
        ["8", "MESH:D2", "INHIBITS", "23"],
    ]
