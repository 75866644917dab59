"""A small encoder with random weights, for measurements and checks that do not depend on what a model has learned."""

from collections.abc import Iterable
from pathlib import Path

import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def save_random_encoder(folder: Path, texts: Iterable[str], *, dropout: float = 0.1, seed: int = 0) -> Path:
    """Write an encoder and its tokenizer to a folder, with the words and characters of some texts as its vocabulary."""
    words = sorted({word for text in texts for word in text.lower().split()})
    characters = sorted({character for word in words for character in word})
    vocabulary = dict.fromkeys([*SPECIAL, *characters, *(f"##{character}" for character in characters), *words])
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary_file = folder / "vocab.txt"
    vocabulary_file.write_text("\n".join(vocabulary) + "\n", encoding="utf8")
    BertTokenizerFast(str(vocabulary_file)).save_pretrained(folder)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=160,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    BertModel(config).save_pretrained(folder)
    return folder
