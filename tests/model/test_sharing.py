"""Texts that are encoded once for all their pairs: no pair sees another, whatever row it is in."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    AlbertConfig,
    AlbertModel,
    AutoTokenizer,
    DebertaV2Config,
    DebertaV2Model,
    DistilBertConfig,
    DistilBertModel,
    ElectraConfig,
    ElectraModel,
    MPNetConfig,
    MPNetModel,
    PretrainedConfig,
)

from spacy_biore.candidates import make_candidate_generator
from spacy_biore.errors import BioreError
from spacy_biore.instances import make_instances, special_tokens
from spacy_biore.model.batching import Batch
from spacy_biore.model.encoders import load_encoder
from spacy_biore.model.layout import PADDING, TEXT
from spacy_biore.model.pieces import EncodedPair, PieceTokenizer, encode_pairs
from spacy_biore.model.sharing import BLOCK, MAX_BLOCKS, make_shared_batches
from spacy_biore.model.shim import NetworkShim, has_bfloat16
from spacy_biore.schema import Schema

LIMIT = 48
SCHEMA = Schema.from_config([{"label": "R", "head": "CHEMICAL", "tail": "GENE"}])
TOKENS = special_tokens(SCHEMA, "shared")


@pytest.fixture(scope="module")
def tokenizer(tiny_encoder: str) -> PieceTokenizer:
    return load_encoder(tiny_encoder, TOKENS).tokenizer


@pytest.fixture(scope="module")
def pairs(tokenizer: PieceTokenizer) -> list[EncodedPair]:
    """Texts of different lengths with 1 to 40 pairs each, those of all texts mixed."""
    rng = np.random.default_rng(3)
    tags = [tokenizer.special_id("<H:CHEMICAL>"), tokenizer.special_id("<T:GENE>")]
    made = []
    for n_pairs in (1, 2, 5, 40, 3):
        text = rng.integers(5, 20, int(rng.integers(8, LIMIT - 4)))
        ids = np.concatenate([[tokenizer.cls_id], text, tags, [tokenizer.sep_id]])
        end, places = len(text) + 1, np.arange(1, len(text) + 1)
        anchors = [tuple(rng.choice(places, 2, replace=False).tolist()) for _ in range(n_pairs)]
        made += [EncodedPair(ids, (end, end + 1), (end + 1, end + 2), np.arange(len(ids)), place) for place in anchors]
    return [made[i] for i in rng.permutation(len(made))]


def make_shim(encoder: str, *, budget: int = 4096, summary: str = "attention", entities: str = "start") -> NetworkShim:
    pooling = {"cls": "raw", "summary": summary, "entities": entities}
    shim = NetworkShim(pooling=pooling, dropout=0.0, budget=budget, max_length=LIMIT, mixed_precision=False)
    torch.manual_seed(0)
    shim.build(encoder, TOKENS, 3, shared=True)
    with torch.no_grad():
        shim.network.classifier.weight.normal_(std=0.5)
    return shim


def batches(pairs: list[EncodedPair], tokenizer: PieceTokenizer, *, budget: int) -> list[Batch]:
    ids = {"cls_id": tokenizer.cls_id, "pad_id": tokenizer.pad_id}
    return list(make_shared_batches(pairs, **ids, budget=budget, limit=LIMIT, device=torch.device("cpu")))


@pytest.mark.parametrize("budget", [1, 300, 10_000])
def test_every_pair_once_and_each_view_is_the_pair_by_itself(pairs, tokenizer, budget: int):
    seen = []
    for batch in batches(pairs, tokenizer, budget=budget):
        assert len(batch.ids) == 1 or batch.ids.numel() <= budget
        assert batch.ids.shape[1] % 16 == 0
        assert ((batch.layout.owners == PADDING) <= (batch.ids == tokenizer.pad_id)).all()
        shown = batch.ids.flatten()[batch.layout.views]
        positions = batch.layout.positions.flatten()[batch.layout.views]
        for i, row in enumerate(batch.rows):
            pair, text = pairs[row], len(pairs[row].ids) - 4
            assert shown[i][batch.mask[i]].tolist() == pair.ids.tolist()
            assert (tuple(batch.head[i].tolist()), tuple(batch.tail[i].tolist())) == (pair.head, pair.tail)
            assert positions[i][batch.mask[i]].tolist() == [0, *range(1, text + 1), *pair.anchors, text + 1]
        seen += batch.rows.tolist()
    assert sorted(seen) == list(range(len(pairs)))


def test_a_text_is_in_one_row_unless_it_has_many_pairs(pairs, tokenizer):
    rows = [row for batch in batches(pairs, tokenizer, budget=10_000) for row in batch.ids]
    assert len(rows) == 4 + -(-40 // MAX_BLOCKS)
    assert sum(int((row == tokenizer.cls_id).sum()) for row in rows) == len(rows) + len(pairs)


def test_what_each_piece_sees(pairs, tokenizer):
    one, other = (pair for pair in pairs if sum(pair.ids.tobytes() == p.ids.tobytes() for p in pairs) == 2)
    (batch,) = batches([one, other], tokenizer, budget=10_000)
    text, first = len(one.ids) - 2, batch.layout.visible()[0]
    end = text + 2 * BLOCK
    assert (batch.layout.owners[0, :text] == TEXT).all()
    assert first[:text, :text].all() and not first[:text, text:].any()
    assert first[text : text + BLOCK, : text + BLOCK].all() and not first[text : text + BLOCK, text + BLOCK :].any()
    assert first[text + BLOCK : end, :text].all() and first[text + BLOCK : end, text + BLOCK : end].all()
    assert not first[text + BLOCK : end, text : text + BLOCK].any()
    assert not first[:end, end:].any()


@pytest.mark.parametrize(
    ("summary", "entities"),
    [("none", "start"), ("mean", "max"), ("attention", "none"), ("lstm", "none"), ("bilstm", "start")],
)
def test_no_pair_depends_on_the_others(tiny_encoder, pairs, summary: str, entities: str):
    shim = make_shim(tiny_encoder, summary=summary, entities=entities)
    alone = np.concatenate([shim([pair], False)[0] for pair in pairs])
    assert np.ptp(alone, axis=0).min() > 0.1, "the results should differ from pair to pair"
    assert np.ptp(alone[[len(pair.ids) == len(pairs[0].ids) for pair in pairs]], axis=0).max() > 0.01
    order = np.random.default_rng(0).permutation(len(pairs))
    for budget in (1, 200, 10_000):
        shim.budget = budget
        np.testing.assert_allclose(shim([pairs[i] for i in order], False)[0], alone[order], atol=1e-5)
    np.testing.assert_allclose(shim(pairs, True)[0], alone, atol=1e-5)


@pytest.mark.skipif(not has_bfloat16("cpu"), reason="this CPU has no bfloat16")
def test_no_pair_depends_on_the_others_in_half_precision(tiny_encoder, pairs):
    shim = make_shim(tiny_encoder)
    precise = shim(pairs, False)[0]
    shim.mixed_precision = True
    together, alone = shim(pairs, False)[0], np.concatenate([shim([pair], False)[0] for pair in pairs])
    assert 0 < np.abs(together - precise).max() < 0.2
    np.testing.assert_allclose(together, alone, atol=0.1)


def test_gradient_does_not_depend_on_the_batches(tiny_encoder, pairs):
    d_logits = np.random.default_rng(2).normal(size=(len(pairs), 3)).astype(np.float32)
    gradients = []
    for budget in (1, 10_000):
        shim = make_shim(tiny_encoder, budget=budget)
        shim(pairs, True)[1](d_logits)
        gradients.append([p.grad.clone() for p in shim.network.parameters() if p.grad is not None])
    assert len(gradients[0]) > 20
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-3)


def test_attention_to_the_text_of_every_pair(tiny_encoder, pairs):
    weights = make_shim(tiny_encoder).attention(pairs)
    for pair, one in zip(pairs, weights, strict=True):
        assert len(one) == len(pair.ids)
        assert one[0] == one[-1] == 0 and one.sum() == pytest.approx(1.0, abs=1e-5)


def test_a_pair_that_is_there_twice_has_two_rows_and_so_two_draws_of_dropout(pairs, tokenizer):
    (batch,) = batches([pairs[0]] * 2, tokenizer, budget=10_000)
    assert len(batch.ids) == 2


def test_no_pairs_make_no_batches(tokenizer):
    assert batches([], tokenizer, budget=64) == []


def encode(doc, tokenizer: PieceTokenizer, *, max_length: int = LIMIT) -> list[EncodedPair | None]:
    candidates = make_candidate_generator("document", spans_key="sc")(doc, SCHEMA)
    return encode_pairs(doc, make_instances(doc, candidates, style="shared"), tokenizer, max_length=max_length)


def test_pieces_of_a_pair(make_doc, tokenizer):
    one, other = encode(make_doc("The [protein inase|GENE] of [ab|CHEMICAL] or [c|CHEMICAL]."), tokenizer)
    words = [tokenizer.backend.id_to_token(int(piece)) for piece in one.ids]
    text = ["[CLS]", "the", "@GENE$", "of", "@CHEMICAL$"]
    assert words[:5] == text and words[-4:] == [".", "<H:CHEMICAL>", "<T:GENE>", "[SEP]"]
    assert one.ids.tolist() == other.ids.tolist()
    assert (one.anchors, other.anchors) == ((4, 2), (len(one.ids) - 5, 2))
    assert one.head == other.head == (len(one.ids) - 3, len(one.ids) - 2)
    assert one.chars[-3:].tolist() == [21, 4, -1] and other.chars[-3:].tolist() == [27, 4, -1]


def test_a_text_that_is_too_long_is_cut_around_each_pair(make_doc, tokenizer):
    doc = make_doc("[a|CHEMICAL] of [b|GENE] " + "of the gene " * 20 + "[c|CHEMICAL] of [d|GENE]")
    near, far, far_back, near_too = encode(doc, tokenizer)
    assert far is far_back is None
    assert len(near.ids) == len(near_too.ids) == LIMIT
    assert near.anchors == (1, 3) and near_too.anchors == (LIMIT - 6, LIMIT - 4)
    assert near.ids.tolist() != near_too.ids.tolist()


def test_a_crowded_sentence_is_edited_once(make_doc, tokenizer, monkeypatch):
    doc = make_doc("[a|CHEMICAL] of [b|GENE] and " * 30, spans_key="sc")
    looked_up = []
    monkeypatch.setattr(PieceTokenizer, "special_id", lambda self, token: looked_up.append(token) or 7)
    encode(doc, tokenizer)
    assert looked_up.count("@GENE$") == 30


def test_encoder_with_positions_that_begin_later(roberta, make_doc):
    shim = make_shim(roberta)
    pairs = encode(make_doc("The [a|CHEMICAL] of [b|CHEMICAL] and [c|GENE]"), shim.tokenizer)
    (batch,) = shim.training_batches(pairs)
    text = len(pairs[0].ids) - 2
    with torch.inference_mode():
        by_itself = shim.network.encode(batch.ids[:, :text], torch.ones(1, text, dtype=torch.bool))
        shared = shim.network.encode(batch.ids, batch.mask, batch.layout)
    assert len(batch.ids) == 1 and len(shared) == 2
    for pair in shared:
        torch.testing.assert_close(pair[1 : text - 1], by_itself[0, 1 : text - 1], atol=1e-5, rtol=0)


SIZES = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "vocab_size": 200,
}
RELATIVE = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_biased_input": False}


def save(model: type, config: PretrainedConfig, tiny_encoder: str, folder: Path) -> str:
    torch.manual_seed(0)
    model(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(folder)
    return str(folder)


def test_kin_of_bert_can_share(tiny_encoder, tmp_path, pairs):
    shim = make_shim(save(ElectraModel, ElectraConfig(**SIZES, embedding_size=32), tiny_encoder, tmp_path))
    assert shim(pairs, False)[0].shape == (len(pairs), 3)


@pytest.mark.parametrize(
    ("model", "config"),
    [
        (DistilBertModel, DistilBertConfig(dim=32, hidden_dim=32, n_layers=1, n_heads=2, vocab_size=200)),
        (DebertaV2Model, DebertaV2Config(**SIZES, **RELATIVE)),
        (MPNetModel, MPNetConfig(**SIZES)),
        (AlbertModel, AlbertConfig(**SIZES, embedding_size=16)),
    ],
    ids=["distilbert", "deberta", "mpnet", "albert"],
)
def test_encoder_that_can_not_keep_pairs_apart_is_refused(tiny_encoder, tmp_path, model: type, config):
    with pytest.raises(BioreError, match=f"BR210.*{model.__name__}.*anonymised"):
        make_shim(save(model, config, tiny_encoder, tmp_path))
