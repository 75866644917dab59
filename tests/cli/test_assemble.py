"""``python -m spacy biore assemble``: what it prints and saves, and how it fails."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language

from spacy_biore.assembly.type_maps import READY_MAPS

BIONLP = "en_ner_bionlp13cg_md"


@pytest.fixture(scope="module")
def ner(make_recogniser: Callable[..., Language], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recogniser with the labels of scispaCy's, and one more."""
    path = tmp_path_factory.mktemp("assemble") / "ner"
    make_recogniser([*READY_MAPS[BIONLP], "GPE"], terms={"EGFR": "GENE_OR_GENE_PRODUCT"}, sentences=False).to_disk(path)
    return path


@pytest.fixture
def parts(ner: Path, relation_path: Path, tmp_path: Path) -> list[Any]:
    return ["--ner", ner, "--relations", relation_path, "--output", tmp_path / "deep" / "pipeline"]


def test_assembles_saves_and_says_what(biore: Any, parts: list[Any], ner: Path, relation_path: Path):
    pytest.importorskip("scispacy")
    result = biore("assemble", *parts)
    assert result.code == 0, result.output
    assert ["ner", "entity_ruler", str(ner)] in result.rows
    assert ["biore_abbreviations", "biore_abbreviations", "scispaCy"] in result.rows
    assert ["relation_extractor", "relation_extractor", str(relation_path)] in result.rows
    assert ["SIMPLE_CHEMICAL", "CHEMICAL"] in result.rows and ["ORGAN", "ORGAN"] not in result.rows
    assert "BRW60" in result.output and "GPE" in result.output
    assert "BRW63" in result.output
    doc = spacy.load(parts[-1])("The simple_chemical blocks EGFR.")
    assert [(r.head.text, r.label, r.tail.text) for r in doc._.relations] == [("simple_chemical", "INHIBITS", "EGFR")]


def test_what_spacys_components_left_in_the_folder_is_removed(biore: Any, parts: list[Any], tmp_path: Path):
    nlp = spacy.load(parts[1])
    nlp.add_pipe("sentencizer", name="splitter")
    nlp.to_disk(tmp_path / "splitting")
    assert biore("assemble", *parts, "--ner", tmp_path / "splitting", "--no-abbreviations").code == 0
    assert (parts[-1] / "splitter.json").exists()
    assert biore("assemble", *parts, "--no-abbreviations").code == 0
    assert not (parts[-1] / "splitter.json").exists() and (parts[-1] / "sentencizer.json").exists()


def test_an_installed_package_that_is_no_pipeline(biore: Any, parts: list[Any]):
    assert biore("assemble", *parts, "--ner", "wasabi").failed("BR300", "'wasabi'")


def test_a_label_that_is_mapped_twice(biore: Any, parts: list[Any]):
    assert biore("assemble", *parts, "--map-types", "CELL=GENE,CELL=CHEMICAL").failed("BR147", "each old name once")


def test_own_map_by_option_and_file(biore: Any, parts: list[Any], tmp_path: Path):
    path = tmp_path / "types.json"
    path.write_text(json.dumps({"ORGAN": None, "CELL": "CHEMICAL", "GPE": "GENE"}), encoding="utf8")
    result = biore("assemble", *parts, "--types", path, "--map-types", "CELL=GENE", "--no-abbreviations")
    assert result.code == 0, result.output
    assert ["ORGAN", "dropped"] in result.rows and ["CELL", "GENE"] in result.rows and ["GPE", "GENE"] in result.rows
    doc = spacy.load(parts[-1])("organ cell gpe")
    assert [(entity.text, entity.label_) for entity in doc.ents] == [("cell", "GENE"), ("gpe", "GENE")]


def test_scheme_by_name(biore: Any, make_recogniser: Any, relation_path: Path, tmp_path: Path):
    make_recogniser(["CHEBI", "GGP"]).to_disk(tmp_path / "ner")
    args = ["--ner", tmp_path / "ner", "--relations", relation_path, "-o", tmp_path / "out", "--no-abbreviations"]
    assert biore("assemble", *args).failed("BR602", "CHEBI")
    assert biore("assemble", *args, "--scheme", "mine").failed("BR604", "en_ner_craft_md")
    assert biore("assemble", *args, "--scheme", "en_ner_jnlpba_md").failed("BR615", "CHEBI, GGP")
    assert biore("assemble", *args, "--scheme", "en_ner_craft_md").code == 0
    assert [e.label_ for e in spacy.load(tmp_path / "out")("ggp and chebi").ents] == ["GENE", "CHEMICAL"]


def test_tokenizer_of_scispacy(biore: Any, parts: list[Any]):
    pytest.importorskip("scispacy")
    text = "EGFR-dependent effects"
    assert biore("assemble", *parts, "--no-abbreviations").code == 0
    assert [token.text for token in spacy.load(parts[-1])(text)] == ["EGFR", "-", "dependent", "effects"]
    assert biore("assemble", *parts, "--no-abbreviations", "--scispacy-tokenizer").code == 0
    assert [token.text for token in spacy.load(parts[-1])(text)] == ["EGFR-dependent", "effects"]


def test_weights_in_half_precision(biore: Any, parts: list[Any], relation_path: Path):
    result = biore("assemble", *parts, "--no-abbreviations", "--half-precision")
    assert result.code == 0, result.output
    single, half = (path / "relation_extractor" / "model" for path in (relation_path, parts[-1]))
    assert half.stat().st_size < 0.7 * single.stat().st_size
    doc = spacy.load(parts[-1])("The simple_chemical blocks EGFR.")
    assert [(r.head.text, r.label, r.tail.text) for r in doc._.relations] == [("simple_chemical", "INHIBITS", "EGFR")]


def test_components_of_an_earlier_pipeline_do_not_stay(biore: Any, parts: list[Any]):
    assert biore("assemble", *parts, "--no-abbreviations").code == 0
    meta = json.loads((parts[-1] / "meta.json").read_text(encoding="utf8"))
    (parts[-1] / "transformer").mkdir()
    meta["components"] += ["transformer", "..", ""]
    (parts[-1] / "meta.json").write_text(json.dumps(meta), encoding="utf8")
    (parts[-1] / "notes").mkdir()
    assert biore("assemble", *parts, "--no-abbreviations").code == 0
    assert not (parts[-1] / "transformer").exists()
    assert (parts[-1] / "notes").exists() and spacy.load(parts[-1]).pipe_names


def test_nothing_is_written_after_an_error(biore: Any, make_recogniser: Any, relation_path: Path, tmp_path: Path):
    make_recogniser(["PERSON"]).to_disk(tmp_path / "ner")
    result = biore("assemble", "--ner", tmp_path / "ner", "--relations", relation_path, "--output", tmp_path / "out")
    assert result.failed("Nothing was assembled", "BR602", "--map-types LABEL=TYPE")
    assert not (tmp_path / "out").exists()


def test_recogniser_that_is_not_installed_is_named_with_its_address(biore: Any, relation_path: Path, tmp_path: Path):
    """No package of this name must come from PyPI."""
    if spacy.util.is_package(BIONLP):
        pytest.skip(f"{BIONLP} is installed")
    result = biore("assemble", "--ner", BIONLP, "--relations", relation_path, "--output", tmp_path / "out")
    assert result.failed("BR601", "--no-deps https://s3-us-west-2.amazonaws.com/ai2-s2-scispacy/releases/v0.5.4/")
    assert f"{BIONLP}-0.5.4.tar.gz" in "".join(result.output.split())


@pytest.mark.parametrize("option", ["--ner", "--relations"])
def test_missing_pipeline_is_an_error(biore: Any, option: str, parts: list[Any]):
    parts[parts.index(option) + 1] = "nowhere/model"
    assert biore("assemble", *parts).failed("BR300", "nowhere/model")


def test_the_two_exchanged_is_an_error(biore: Any, parts: list[Any]):
    parts[1], parts[3] = parts[3], parts[1]
    assert biore("assemble", *parts).failed("BR301", "ner")


def test_model_that_was_never_trained_is_an_error(biore: Any, parts: list[Any], make_nlp: Any, tmp_path: Path):
    make_nlp().to_disk(tmp_path / "untrained")
    parts[3] = tmp_path / "untrained"
    assert biore("assemble", *parts).failed("BR204")


@pytest.mark.parametrize("content", ["", "[]", '{"ORGAN": 1}', '{"ORGAN": ""}'])
def test_file_that_is_no_map_is_an_error(biore: Any, content: str, parts: list[Any], tmp_path: Path):
    path = tmp_path / "types.json"
    path.write_text(content, encoding="utf8")
    assert biore("assemble", *parts, "--types", path).failed("BR603", "types.json")
    assert biore("assemble", *parts, "--types", tmp_path / "none.json").failed("BR603", "none.json")


def test_output_that_can_not_be_written_is_an_error(biore: Any, parts: list[Any], tmp_path: Path):
    (tmp_path / "file").write_text("x", encoding="utf8")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        parts[-1] = path
        assert biore("assemble", *parts, "--no-abbreviations").failed("BR306", "--output")


@pytest.mark.parametrize("position", [1, 3])
def test_neither_pipeline_is_overwritten(biore: Any, position: int, parts: list[Any]):
    parts[-1] = parts[position]
    assert biore("assemble", *parts).failed("BR610")


def test_missing_scispacy_is_an_error(biore: Any, parts: list[Any], monkeypatch: pytest.MonkeyPatch):
    for module in ("scispacy", "scispacy.abbreviation", "scispacy.custom_tokenizer"):
        monkeypatch.setitem(sys.modules, module, None)
    assert biore("assemble", *parts).failed("BR605", "biore_abbreviations")
    assert biore("assemble", *parts, "--no-abbreviations", "--scispacy-tokenizer").failed("BR605", "tokenizer")
    assert biore("assemble", *parts, "--no-abbreviations").code == 0
