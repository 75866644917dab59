"""Batches: every pair once, under the budget, padded to few lengths; and no result depends on them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_biore.model.batching import make_batches, padded_length, plan_batches
from spacy_biore.model.pieces import EncodedPair
from spacy_biore.model.shim import NetworkShim

LIMIT = 120


def random_pair(rng: np.random.Generator, length: int) -> EncodedPair:
    ids = np.concatenate([[2], rng.integers(5, 60, length - 2), [3]])
    head, tail = sorted(rng.choice(np.arange(1, length - 1), 2, replace=False).tolist())
    return EncodedPair(ids, (head, head + 1), (tail, tail + 1), np.arange(length))


@pytest.fixture(scope="module")
def pairs() -> list[EncodedPair]:
    rng = np.random.default_rng(1)
    return [random_pair(rng, int(length)) for length in rng.integers(5, 100, 40)]


def make_shim(encoder: str, *, budget: int, summary: str = "attention") -> NetworkShim:
    pooling = {"cls": "tanh", "summary": summary, "entities": "max"}
    shim = NetworkShim(pooling=pooling, dropout=0.0, budget=budget, max_length=LIMIT, mixed_precision=False)
    torch.manual_seed(0)
    shim.build(encoder, {}, 3)
    return shim


@given(lengths=st.lists(st.integers(1, LIMIT), max_size=60), budget=st.integers(1, 2000))
def test_plan_holds_every_row_once_under_the_budget(lengths: list[int], budget: int):
    groups = plan_batches(lengths, budget=budget, limit=LIMIT)
    assert sorted(np.concatenate([[], *groups]).tolist()) == list(range(len(lengths)))
    for rows in groups:
        width = padded_length(max(lengths[row] for row in rows), limit=LIMIT)
        assert len(rows) == 1 or len(rows) * width <= budget
    # Similar lengths together: no group has a row longer than any of the group before.
    firsts = [max(lengths[row] for row in rows) for rows in groups]
    lasts = [min(lengths[row] for row in rows) for rows in groups]
    assert all(last >= first for last, first in zip(lasts, firsts[1:], strict=False))


@pytest.mark.parametrize(("length", "padded"), [(1, 16), (16, 16), (17, 32), (113, LIMIT), (120, LIMIT), (130, 130)])
def test_padded_length(length: int, padded: int):
    assert padded_length(length, limit=LIMIT) == padded


def test_batches_hold_the_pairs_and_padding(pairs: list[EncodedPair]):
    seen = []
    for batch in make_batches(pairs, pad_id=7, budget=512, limit=LIMIT, device=torch.device("cpu")):
        assert batch.ids.shape == batch.mask.shape
        assert batch.ids.shape[1] % 16 == 0
        assert batch.ids.numel() <= 512
        assert (batch.ids[~batch.mask] == 7).all()
        for i, row in enumerate(batch.rows):
            pair = pairs[row]
            assert batch.ids[i][batch.mask[i]].tolist() == pair.ids.tolist()
            assert (tuple(batch.head[i].tolist()), tuple(batch.tail[i].tolist())) == (pair.head, pair.tail)
        seen += batch.rows.tolist()
    assert sorted(seen) == list(range(len(pairs)))


def test_no_pairs_make_no_batches():
    assert list(make_batches([], pad_id=0, budget=64, limit=LIMIT, device=torch.device("cpu"))) == []


@pytest.mark.parametrize("summary", ["none", "mean", "attention", "lstm", "bilstm"])
def test_order_and_size_of_batches_never_change_a_result(tiny_encoder, pairs, summary: str):
    shim = make_shim(tiny_encoder, budget=4096, summary=summary)
    expected = shim(pairs, False)[0]
    assert np.ptp(expected, axis=0).min() > 0.1, "the results should differ from pair to pair"
    order = np.random.default_rng(0).permutation(len(pairs))
    for budget in (1, 200, 10_000):
        shim.budget = budget
        shuffled = shim([pairs[i] for i in order], False)[0]
        np.testing.assert_allclose(shuffled, expected[order], atol=2e-6)
    shim.network.train(False)
    np.testing.assert_allclose(shim(pairs, True)[0], expected, atol=2e-6)


def test_gradient_does_not_depend_on_the_batches(tiny_encoder, pairs):
    d_logits = np.random.default_rng(2).normal(size=(len(pairs), 3)).astype(np.float32)
    gradients = []
    for budget in (300, 10_000):
        shim = make_shim(tiny_encoder, budget=budget)
        shim(pairs, True)[1](d_logits)
        gradients.append([p.grad.clone() for p in shim.network.parameters() if p.grad is not None])
    assert len(gradients[0]) > 20
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_duplicates_are_encoded_once(tiny_encoder, pairs, monkeypatch):
    shim = make_shim(tiny_encoder, budget=4096)
    expected = shim(pairs, False)[0]
    n_rows, encode = [], shim.network.encode
    monkeypatch.setattr(shim.network, "encode", lambda ids, *more: n_rows.append(len(ids)) or encode(ids, *more))
    repeated = [pairs[i % 10] for i in range(35)]
    # The same pieces with other entities are another input.
    other = pairs[0]._replace(head=pairs[0].tail, tail=pairs[0].head)
    logits = shim([*repeated, other], False)[0]
    assert sum(n_rows) == 11
    np.testing.assert_allclose(logits[:35], expected[np.arange(35) % 10], atol=2e-6)
    assert np.abs(logits[35] - expected[0]).max() > 1e-3


def test_attention_of_every_pair_whatever_the_batches(tiny_encoder, pairs):
    shim = make_shim(tiny_encoder, budget=300)
    weights = shim.attention(pairs)
    shim.budget = 10_000
    for pair, one, other in zip(pairs, weights, shim.attention(pairs[::-1])[::-1], strict=True):
        assert len(one) == len(pair.ids)
        np.testing.assert_allclose(one, other, atol=2e-6)
        assert one[0] == one[-1] == 0 and one.sum() == pytest.approx(1.0, abs=1e-5)
    assert make_shim(tiny_encoder, budget=300, summary="mean").attention(pairs) == []
