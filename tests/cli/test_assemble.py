"""``python -m spacy biore assemble``: what it prints and saves, and how it fails."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from typer.testing import CliRunner, Result

from spacy_biore.assembly.type_maps import READY_MAPS
from spacy_biore.cli import biore_cli

BIONLP = "en_ner_bionlp13cg_md"


def run(*args: Any) -> Result:
    return CliRunner().invoke(biore_cli, ["assemble", *map(str, args)])


def fails(result: Result, *words: str) -> bool:
    """Say whether a command ended with a message that has these words, and not with a traceback."""
    printed = " ".join(result.output.split())
    return result.exit_code == 1 and isinstance(result.exception, SystemExit) and all(word in printed for word in words)


@pytest.fixture(scope="module")
def ner(make_recogniser: Callable[..., Language], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recogniser with the labels of scispaCy's, and one more."""
    path = tmp_path_factory.mktemp("assemble") / "ner"
    make_recogniser([*READY_MAPS[BIONLP], "GPE"], terms={"EGFR": "GENE_OR_GENE_PRODUCT"}, sentences=False).to_disk(path)
    return path


@pytest.fixture
def parts(ner: Path, relation_path: Path, tmp_path: Path) -> list[Any]:
    return ["--ner", ner, "--relations", relation_path, "--output", tmp_path / "deep" / "pipeline"]


def test_assembles_saves_and_says_what(parts: list[Any], ner: Path, relation_path: Path):
    pytest.importorskip("scispacy")
    result = run(*parts)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["ner", "entity_ruler", str(ner)] in lines
    assert ["biore_abbreviations", "biore_abbreviations", "scispaCy"] in lines
    assert ["relation_extractor", "relation_extractor", str(relation_path)] in lines
    assert ["SIMPLE_CHEMICAL", "CHEMICAL"] in lines and ["ORGAN", "ORGAN"] not in lines
    assert "BRW60" in result.output and "GPE" in result.output
    assert "BRW63" in result.output
    doc = spacy.load(parts[-1])("The simple_chemical blocks EGFR.")
    assert [(r.head.text, r.label, r.tail.text) for r in doc._.relations] == [("simple_chemical", "INHIBITS", "EGFR")]


def test_own_map_by_option_and_file(parts: list[Any], tmp_path: Path):
    path = tmp_path / "types.json"
    path.write_text(json.dumps({"ORGAN": None, "CELL": "CHEMICAL", "GPE": "GENE"}), encoding="utf8")
    result = run(*parts, "--types", path, "--map-types", "CELL=GENE", "--no-abbreviations")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["ORGAN", "dropped"] in lines and ["CELL", "GENE"] in lines and ["GPE", "GENE"] in lines
    doc = spacy.load(parts[-1])("organ cell gpe")
    assert [(entity.text, entity.label_) for entity in doc.ents] == [("cell", "GENE"), ("gpe", "GENE")]


def test_scheme_by_name(make_recogniser: Callable[..., Language], relation_path: Path, tmp_path: Path):
    make_recogniser(["CHEBI", "GGP"]).to_disk(tmp_path / "ner")
    args = ["--ner", tmp_path / "ner", "--relations", relation_path, "-o", tmp_path / "out", "--no-abbreviations"]
    assert fails(run(*args), "BR602", "CHEBI")
    assert fails(run(*args, "--scheme", "mine"), "BR604", "en_ner_craft_md")
    assert run(*args, "--scheme", "en_ner_craft_md").exit_code == 0
    assert [e.label_ for e in spacy.load(tmp_path / "out")("ggp and chebi").ents] == ["GENE", "CHEMICAL"]


def test_tokenizer_of_scispacy(parts: list[Any]):
    pytest.importorskip("scispacy")
    text = "EGFR-dependent effects"
    assert run(*parts, "--no-abbreviations").exit_code == 0
    assert [token.text for token in spacy.load(parts[-1])(text)] == ["EGFR", "-", "dependent", "effects"]
    assert run(*parts, "--no-abbreviations", "--scispacy-tokenizer").exit_code == 0
    assert [token.text for token in spacy.load(parts[-1])(text)] == ["EGFR-dependent", "effects"]


def test_nothing_is_written_after_an_error(
    make_recogniser: Callable[..., Language], relation_path: Path, tmp_path: Path
):
    make_recogniser(["PERSON"]).to_disk(tmp_path / "ner")
    result = run("--ner", tmp_path / "ner", "--relations", relation_path, "--output", tmp_path / "out")
    assert fails(result, "Nothing was assembled", "BR602", "--map-types PERSON=CHEMICAL")
    assert not (tmp_path / "out").exists()


def test_recogniser_of_scispacy_that_is_not_installed_is_named_with_its_address(relation_path: Path, tmp_path: Path):
    """No package of this name must come from PyPI."""
    if spacy.util.is_package(BIONLP):
        pytest.skip(f"{BIONLP} is installed")
    result = run("--ner", BIONLP, "--relations", relation_path, "--output", tmp_path / "out")
    assert fails(result, "BR601", "--no-deps https://s3-us-west-2.amazonaws.com/ai2-s2-scispacy/releases/v0.5.4/")
    assert f"{BIONLP}-0.5.4.tar.gz" in "".join(result.output.split())


@pytest.mark.parametrize("option", ["--ner", "--relations"])
def test_missing_pipeline_is_an_error(option: str, parts: list[Any]):
    parts[parts.index(option) + 1] = "nowhere/model"
    assert fails(run(*parts), "BR300", "nowhere/model")


def test_the_two_exchanged_is_an_error(parts: list[Any]):
    parts[1], parts[3] = parts[3], parts[1]
    assert fails(run(*parts), "BR301", "ner")


def test_model_that_was_never_trained_is_an_error(parts: list[Any], make_nlp: Callable[..., Language], tmp_path: Path):
    make_nlp().to_disk(tmp_path / "untrained")
    parts[3] = tmp_path / "untrained"
    assert fails(run(*parts), "BR204")


@pytest.mark.parametrize("content", ["", "[]", '{"ORGAN": 1}', '{"ORGAN": ""}'])
def test_file_that_is_no_map_is_an_error(content: str, parts: list[Any], tmp_path: Path):
    path = tmp_path / "types.json"
    path.write_text(content, encoding="utf8")
    assert fails(run(*parts, "--types", path), "BR603", "types.json")
    assert fails(run(*parts, "--types", tmp_path / "none.json"), "BR603", "none.json")


def test_output_that_can_not_be_written_is_an_error(parts: list[Any], tmp_path: Path):
    (tmp_path / "file").write_text("x", encoding="utf8")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        parts[-1] = path
        assert fails(run(*parts, "--no-abbreviations"), "BR306", "--output")


@pytest.mark.parametrize("position", [1, 3])
def test_neither_pipeline_is_overwritten(position: int, parts: list[Any]):
    parts[-1] = parts[position]
    assert fails(run(*parts), "BR610")


def test_missing_scispacy_is_an_error(parts: list[Any], monkeypatch: pytest.MonkeyPatch):
    for module in ("scispacy", "scispacy.abbreviation", "scispacy.custom_tokenizer"):
        monkeypatch.setitem(sys.modules, module, None)
    assert fails(run(*parts), "BR605", "biore_abbreviations")
    assert fails(run(*parts, "--no-abbreviations", "--scispacy-tokenizer"), "BR605", "tokenizer")
    assert run(*parts, "--no-abbreviations").exit_code == 0
