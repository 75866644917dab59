"""The config of docs/pipelines.md: it assembles, and what comes out works."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.cli import app
from typer.testing import CliRunner

ROOT = Path(__file__).parents[2]
TERMS = {"TNF-alpha": "GENE_OR_GENE_PRODUCT", "aspirin": "SIMPLE_CHEMICAL", "liver": "ORGAN"}


def test_config_assembles(relation_path: Path, tmp_path: Path):
    custom_tokenizer = pytest.importorskip("scispacy.custom_tokenizer")
    recogniser = spacy.blank("en")
    recogniser.tokenizer = custom_tokenizer.combined_rule_tokenizer(recogniser)
    ruler: Any = recogniser.add_pipe("entity_ruler", name="ner")
    ruler.add_patterns([{"label": label, "pattern": term} for term, label in TERMS.items()])
    recogniser.vocab.set_vector("aspirin", np.ones(3))
    recogniser.to_disk(tmp_path / "ner")
    [config] = re.findall(r"```ini\n(.*?)```", (ROOT / "docs" / "pipelines.md").read_text(encoding="utf8"), re.DOTALL)
    (tmp_path / "pipeline.cfg").write_text(config, encoding="utf8")
    command = ["assemble", tmp_path / "pipeline.cfg", tmp_path / "out"]
    options = ["--paths.ner", tmp_path / "ner", "--paths.relations", relation_path]
    done = CliRunner().invoke(app, [str(part) for part in command + options])
    assert done.exit_code == 0, done.output
    nlp = spacy.load(tmp_path / "out")
    assert nlp.vocab.vectors == recogniser.vocab.vectors
    doc = nlp("In the liver, aspirin blocks tumor necrosis factor alpha (TNF-alpha) at once. Good.")
    assert [(entity.text, entity.label_) for entity in doc.ents] == [("aspirin", "CHEMICAL"), ("TNF-alpha", "GENE")]
    [relation] = doc._.relations
    assert (relation.head.text, relation.label, relation.tail.text) == ("aspirin", "INHIBITS", "TNF-alpha")
    assert relation.tail._.long_form == "tumor necrosis factor alpha"
