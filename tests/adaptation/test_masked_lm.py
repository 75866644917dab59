"""The masked language model of a run: what it is trained with, and what is saved of that."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import AutoConfig, AutoModel, GPT2Config

from spacy_biore.adaptation.masked_lm import load_masked_lm, load_to_train, restore_dropout, save_with_pooler
from spacy_biore.errors import BioreError


@pytest.fixture
def start(tiny_encoder: str, tmp_path: Path) -> Path:
    """The folder of an encoder with a dropout of its own."""
    shutil.copytree(tiny_encoder, tmp_path / "encoder")
    path = tmp_path / "encoder" / "config.json"
    config = json.loads(path.read_text(encoding="utf8"))
    path.write_text(json.dumps({**config, "hidden_dropout_prob": 0.3, "attention_probs_dropout_prob": 0.2}))
    load_masked_lm(str(path.parent)).model.save_pretrained(tmp_path / "start")
    return tmp_path / "start"


def test_dropout_of_the_run(start: Path):
    model = load_to_train(start, dropout=0.05)
    assert {module.p for module in model.modules() if isinstance(module, nn.Dropout)} == {0.05}


def test_the_dropout_of_the_run_is_not_saved(start: Path, tmp_path: Path):
    model = load_to_train(start, dropout=0.0)
    restore_dropout(model, start)
    model.save_pretrained(tmp_path / "adapted")
    config = AutoConfig.from_pretrained(tmp_path / "adapted")
    assert (config.hidden_dropout_prob, config.attention_probs_dropout_prob) == (0.3, 0.2)


def test_an_encoder_that_does_not_predict_masked_pieces(tmp_path: Path):
    GPT2Config(n_layer=1, n_embd=8, n_head=2, vocab_size=10).save_pretrained(tmp_path)
    with pytest.raises(BioreError, match="BR418.*gpt2"):
        load_masked_lm(str(tmp_path))


def test_an_encoder_without_a_tokenizer(tiny_encoder: str, tmp_path: Path):
    AutoModel.from_pretrained(tiny_encoder).save_pretrained(tmp_path)
    with pytest.raises(BioreError, match=rf"BR200.*{tmp_path}: no model in it that can be read \(\w+"):
        load_masked_lm(str(tmp_path))


def test_the_pooler_of_the_encoder_is_kept(tiny_encoder: str, tmp_path: Path):
    pooler = AutoModel.from_pretrained(tiny_encoder).pooler
    model = load_masked_lm(tiny_encoder).model
    save_with_pooler(model, tmp_path / "start", pooler_of=tiny_encoder)
    trained = load_to_train(tmp_path / "start", dropout=0.0)
    save_with_pooler(trained, tmp_path / "adapted", pooler_of=tmp_path / "start")
    kept, loading = AutoModel.from_pretrained(tmp_path / "adapted", output_loading_info=True)
    assert not loading["missing_keys"]
    assert torch.equal(kept.pooler.dense.weight, pooler.dense.weight)
    assert torch.equal(kept.pooler.dense.bias, pooler.dense.bias)


def test_an_encoder_without_a_pooler_gets_none(tiny_encoder: str, tmp_path: Path):
    model = load_masked_lm(tiny_encoder).model
    model.save_pretrained(tmp_path / "start")
    save_with_pooler(model, tmp_path / "adapted", pooler_of=tmp_path / "start")
    _, loading = AutoModel.from_pretrained(tmp_path / "adapted", output_loading_info=True)
    assert sorted(loading["missing_keys"]) == ["pooler.dense.bias", "pooler.dense.weight"]
