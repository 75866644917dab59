"""spaCy's own commands on a pipeline with a relation extractor."""

from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy.cli import app
from spacy.tokens import Doc, DocBin
from spacy.util import load_model_from_config
from thinc.api import Config
from typer.testing import CliRunner

from spacy_biore.relations import get_records

ROOT = Path(__file__).parents[1]
MARKED = "[aspirin|CHEMICAL] blocks [cox|GENE] ."
# As many as `spacy debug data` wants of a new pipeline.
N_DOCS = 100


@pytest.fixture
def corpus(make_doc: Any, tmp_path: Path) -> Path:
    path = tmp_path / "corpus.spacy"
    DocBin(docs=[make_doc(MARKED, [(0, 1, "INHIBITS")])] * N_DOCS, store_user_data=True).to_disk(path)
    return path


@pytest.fixture
def config_path(training_config: Config, corpus: Path, tmp_path: Path) -> Path:
    for name in ("train", "dev"):
        training_config["corpora"][name]["path"] = str(corpus)
    nlp = load_model_from_config(training_config, auto_fill=True)
    nlp.config.to_disk(tmp_path / "config.cfg")
    return tmp_path / "config.cfg"


def run(*args: Any) -> str:
    """Run a command of spaCy in this process; return what it printed."""
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def test_debug_data(config_path: Path) -> None:
    printed = run("debug", "data", config_path)
    assert "Corpus is loadable" in printed and f"{N_DOCS} training docs" in printed


def test_debug_data_of_a_config_of_ours_needs_a_number_of_steps(corpus: Path, tiny_encoder: str) -> None:
    paths = [part for name in ("train", "dev") for part in (f"--paths.{name}", corpus)]
    steps = ["--training.optimizer.learn_rate.total_steps", 9]
    printed = run("debug", "data", ROOT / "configs" / "sample.cfg", *paths, "--paths.encoder", tiny_encoder, *steps)
    assert "Corpus is loadable" in printed


def test_init_labels_writes_the_schema(config_path: Path, tmp_path: Path) -> None:
    run("init", "labels", config_path, tmp_path / "labels")
    schema = srsly.read_json(tmp_path / "labels" / "relation_extractor.json")
    assert schema == [{"label": "INHIBITS", "head": ["CHEMICAL"], "tail": ["GENE"], "symmetric": False}]


def test_apply_keeps_the_relations(relation_path: Path, corpus: Path, tmp_path: Path) -> None:
    run("apply", relation_path, corpus, tmp_path / "applied.spacy")
    docs: list[Doc] = list(DocBin().from_disk(tmp_path / "applied.spacy").get_docs(spacy.blank("en").vocab))
    assert [[record["label"] for record in get_records(doc)] for doc in docs] == [["INHIBITS"]] * N_DOCS
