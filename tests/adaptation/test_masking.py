"""Blocks of text and what is masked in them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from spacy_biore.adaptation.blocks import BlockDataset, packed_blocks, sentence_blocks
from spacy_biore.adaptation.masking import MaskingCollator
from spacy_biore.adaptation.store import PieceStore, PieceWriter

MASK, PAD = 4, 0


@pytest.fixture()
def store(tiny_encoder: str, tmp_path: Path) -> PieceStore:
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    sentences = lambda text: [0, *(i + 2 for i, c in enumerate(text) if c == "." and i + 2 < len(text))]  # noqa: E731
    with PieceWriter(tmp_path, tokenizer.backend_tokenizer, sep_id=3, sentence_starts=sentences) as writer:
        for text in ("the gene. of the protein and the gene.", "aspirin.", "", "the the the the the the the."):
            writer.add(text)
    return PieceStore.open(tmp_path)


def collator(masking: str = "whole-word", *, share: float = 0.15, seed: int = 0) -> MaskingCollator:
    return MaskingCollator(masking, share=share, mask_id=MASK, pad_id=PAD, vocabulary=100, seed=seed)


def items(n_rows: int, length: int, word_length: int = 2, *, number_of_pass: int = 0) -> list[dict]:
    words = np.arange(length) // word_length
    words[[0, -1]] = -1
    return [{"ids": np.full(length, 50) + row, "words": words, "pass": number_of_pass} for row in range(n_rows)]


def test_store_keeps_pieces_words_and_counts(store: PieceStore):
    assert store.counts["documents"] == 4
    # A full stop is a word.
    assert store.counts["words"] == 10 + 2 + 0 + 8
    assert store.counts["pieces"] == len(store.pieces) - 4
    assert (np.asarray(store.pieces)[np.asarray(store.flags) & 4 > 0] == 3).all()


def test_pieces_are_counted_stretch_by_stretch(store: PieceStore, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("spacy_biore.adaptation.store.STRETCH", 7)
    assert store.count_pieces(200).tolist() == np.bincount(store.pieces, minlength=200).tolist()


def test_packed_blocks_hold_every_piece_once(store: PieceStore):
    blocks = packed_blocks(store, 7)
    assert [end - start for start, end in blocks][:-1] == [7] * (len(blocks) - 1)
    assert np.concatenate([np.arange(*block) for block in blocks]).tolist() == list(range(len(store.pieces)))


@pytest.mark.parametrize("stretch", [1, 7, 1000])
@pytest.mark.parametrize("size", [3, 5, 8, 100])
def test_sentence_blocks_hold_every_piece_once_and_whole_sentences(
    store: PieceStore, size: int, stretch: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("spacy_biore.adaptation.blocks.STRETCH", stretch)
    blocks = sentence_blocks(store, size)
    flags = np.asarray(store.flags)
    covered = np.concatenate([np.arange(*block) for block in blocks])
    assert covered.tolist() == np.flatnonzero(flags & 4 == 0).tolist()
    assert all(0 < end - start <= size for start, end in blocks)
    ends = set(np.flatnonzero(flags & 6))
    lengths = np.diff(sorted({*ends, len(flags)}))
    if size >= lengths.max():
        assert all(end in ends for _, end in blocks)


def test_items_are_framed_and_number_the_words(store: PieceStore):
    dataset = BlockDataset(store, packed_blocks(store, 6), cls_id=2, sep_id=3)
    item = dataset[0]
    assert item["ids"][0] == 2 and item["ids"][-1] == 3
    assert item["words"].tolist() == [-1, 1, 2, 3, 4, 5, 6, -1]
    dataset.keep(2)
    assert len(dataset) == 2


@given(share=st.floats(0.05, 0.6), seed=st.integers(0, 1000), masking=st.sampled_from(["whole-word", "piece"]))
@settings(max_examples=30, deadline=None)
def test_labels_are_what_was_there_and_nothing_else_changes(share: float, seed: int, masking: str):
    rows = items(4, 40)
    batch = collator(masking, share=share, seed=seed)(rows)
    chosen = batch["labels"] >= 0
    ids = torch.as_tensor(np.stack([row["ids"] for row in rows]))
    assert torch.equal(batch["labels"][chosen], ids[chosen])
    assert torch.equal(batch["input_ids"][~chosen], ids[~chosen])
    assert not chosen[:, [0, -1]].any()
    assert chosen.any()


def test_whole_words_are_masked_whole():
    chosen = collator(share=0.3)(items(8, 42))["labels"] >= 0
    inner = chosen[:, 2:40].reshape(8, -1, 2)
    assert torch.equal(inner[..., 0], inner[..., 1])
    pieces = collator("piece", share=0.3)(items(8, 42))["labels"] >= 0
    assert not torch.equal(pieces[:, 2:40:2], pieces[:, 3:40:2])


def test_shares_are_those_of_bert():
    batch = collator(share=0.15)(items(400, 100))
    chosen = batch["labels"] >= 0
    shown = batch["input_ids"][chosen]
    assert chosen.float().mean().item() == pytest.approx(0.15 * 0.98, abs=0.01)
    assert (shown == MASK).float().mean().item() == pytest.approx(0.8, abs=0.02)
    assert (shown == batch["labels"][chosen]).float().mean().item() == pytest.approx(0.1, abs=0.02)


def test_masks_follow_from_seed_and_batch():
    first, again = (collator(seed=1)(items(4, 40)) for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["labels"], collator(seed=2)(items(4, 40))["labels"])
    other_order = collator(seed=1)(items(4, 40)[::-1])
    assert not torch.equal(first["labels"] >= 0, (other_order["labels"] >= 0).flip(0))


def test_masks_of_one_block_are_fresh_in_every_pass(store: PieceStore):
    dataset = BlockDataset(store, packed_blocks(store, len(store.pieces)), cls_id=2, sep_id=3)
    labels = []
    for dataset.number_of_pass in range(4):
        labels.append(tuple(collator(share=0.3)([dataset[0]])["labels"][0].tolist()))
    assert len(set(labels)) == 4


def test_padding_is_masked_out_and_never_predicted():
    rows = [*items(1, 10), *items(1, 30)]
    batch = collator(share=0.9)(rows)
    assert batch["attention_mask"].sum(1).tolist() == [10, 30]
    assert (batch["labels"][0, 10:] < 0).all() and (batch["input_ids"][0, 10:] == PAD).all()


def test_there_is_always_something_to_predict():
    for seed in range(20):
        labels = collator(share=0.001, seed=seed)(items(1, 10))["labels"]
        assert (labels >= 0).sum() == 2 - (labels[0, 1] >= 0).int()
