"""Text as word pieces on disk."""

from pathlib import Path

from transformers import AutoTokenizer

from spacy_biore.adaptation.store import PieceStore, PieceWriter


def test_nothing_is_cut_off_and_nothing_filled_up(tiny_encoder: str, tmp_path: Path):
    """Sentence encoders come with a tokenizer that cuts and fills; whole documents are to be read."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    backend = tokenizer.backend_tokenizer
    backend.enable_truncation(8)
    backend.enable_padding(length=8)
    texts = ["the gene inhibits " * 20, "of", "the [SEP] and [MASK]"]
    with PieceWriter(tmp_path, backend, sep_id=tokenizer.sep_token_id) as writer:
        for text in texts:
            writer.add(text)
    store = PieceStore.open(tmp_path)
    assert store.counts["documents"] == 3
    assert store.counts["words"] == 60 + 1 + 8
    ends = [i for i, piece in enumerate(store.pieces.tolist()) if piece == tokenizer.sep_token_id]
    assert len(ends) == 3
    assert tokenizer.mask_token_id not in store.pieces.tolist()
