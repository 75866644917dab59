"""Encoders that several tests of the model share."""

import json
from typing import Any

import pytest
import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast


@pytest.fixture(scope="session")
def roberta(tiny_sizes: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A random RoBERTa with byte-level pieces; of its 98 positions, 96 are for text."""
    folder = tmp_path_factory.mktemp("roberta")
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *sorted(ByteLevel.alphabet()), "<mask>"]
    (folder / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    RobertaTokenizerFast(str(folder / "vocab.json"), str(folder / "merges.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    config = RobertaConfig(vocab_size=len(pieces), max_position_embeddings=98, **tiny_sizes)
    RobertaModel(config).save_pretrained(folder)
    return str(folder)
