"""Every pooling: shape, masking, gradient; and the equations against plain NumPy."""

import itertools

import numpy as np
import pytest
import torch
from torch.func import functional_call

from spacy_biore.errors import BioreError
from spacy_biore.model.pooling import CLS_PARTS, ENTITY_PARTS, SUMMARY_PARTS, Pooling
from spacy_biore.model.pooling.summary import AttentionSummary, LstmSummary, MeanSummary

WIDTH = 4
LENGTHS = (7, 5, 4)
PARTS_WIDTH = {"none": 0, "raw": 1, "tanh": 1, "mean": 1, "attention": 1, "lstm": 1, "bilstm": 2, "start": 2, "max": 2}
NAMES = [
    dict(zip(("cls", "summary", "entities"), names, strict=True))
    for names in itertools.product(CLS_PARTS, SUMMARY_PARTS, ENTITY_PARTS)
    if set(names) != {"none"}
]
ALL = pytest.mark.parametrize("names", NAMES, ids=lambda names: "-".join(names.values()))


def make_pooling(names: dict[str, str]) -> Pooling:
    torch.manual_seed(3)
    pooling = Pooling(WIDTH, **names).double()
    for parameter in pooling.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return pooling


def make_inputs(padding: int = 0) -> tuple[torch.Tensor, ...]:
    """Hidden states of three pairs of different length, their mask, heads and tails."""
    generator = torch.Generator().manual_seed(4)
    hidden = torch.randn(len(LENGTHS), max(LENGTHS), WIDTH, generator=generator, dtype=torch.float64)
    hidden = torch.cat([hidden, torch.full((len(LENGTHS), padding, WIDTH), 9.0)], dim=1)
    mask = torch.arange(hidden.shape[1])[None, :] < torch.tensor(LENGTHS)[:, None]
    head = torch.tensor([[1, 3], [3, 4], [1, 3]])
    tail = torch.tensor([[4, 5], [1, 2], [1, 2]])
    return hidden, mask, head, tail


@ALL
def test_shape(names):
    pooling = make_pooling(names)
    assert pooling.width == WIDTH * sum(PARTS_WIDTH[name] for name in names.values())
    assert pooling(*make_inputs()).shape == (len(LENGTHS), pooling.width)


@ALL
def test_padding_never_changes_a_result(names):
    pooling = make_pooling(names)
    hidden, mask, head, tail = make_inputs()
    expected = pooling(hidden, mask, head, tail)
    noisy = torch.where(mask.unsqueeze(-1), hidden, 1e6)
    torch.testing.assert_close(pooling(noisy, mask, head, tail), expected)
    torch.testing.assert_close(pooling(*make_inputs(padding=5)), expected)
    for row, length in enumerate(LENGTHS):
        alone = pooling(hidden[row : row + 1, :length], mask[row : row + 1, :length], head[[row]], tail[[row]])
        torch.testing.assert_close(alone, expected[[row]])


@ALL
def test_gradient_agrees_with_finite_differences(names):
    pooling = make_pooling(names)
    hidden, mask, head, tail = make_inputs(padding=1)
    parameters = dict(pooling.named_parameters())

    def run(hidden, *values):
        return functional_call(pooling, dict(zip(parameters, values, strict=True)), (hidden, mask, head, tail))

    inputs = (hidden.requires_grad_(), *(p.detach().requires_grad_() for p in parameters.values()))
    # fast_mode projects on random directions: a wrong entry still shows, and all combinations take seconds.
    assert torch.autograd.gradcheck(run, inputs, fast_mode=True)


@pytest.mark.parametrize("summary", [name for name in SUMMARY_PARTS if name != "none"])
def test_summary_does_not_see_cls_and_sep(summary: str):
    pooling = make_pooling({"cls": "none", "summary": summary, "entities": "none"})
    hidden, *rest = make_inputs()
    expected = pooling(hidden, *rest)
    changed = hidden.clone()
    changed[:, 0] += 5.0
    for row, length in enumerate(LENGTHS):
        changed[row, length - 1] += 5.0
    torch.testing.assert_close(pooling(changed, *rest), expected)
    changed[0, 2] += 5.0
    assert (pooling(changed, *rest)[0] - expected[0]).abs().max() > 1e-3


@pytest.mark.parametrize("summary", [name for name in SUMMARY_PARTS if name != "none"])
def test_text_of_no_pieces_is_zeros(summary: str):
    pooling = make_pooling({"cls": "none", "summary": summary, "entities": "none"})
    mask = torch.tensor([[True, True, False], [True, True, True]])
    pooled = pooling(torch.ones(2, 3, WIDTH, dtype=torch.float64), mask, torch.zeros(2, 2), torch.zeros(2, 2))
    assert (pooled[0] == 0).all()
    assert (pooled[1] != 0).any()


def texts() -> list[np.ndarray]:
    """The text states of each pair, unpadded and without CLS and SEP."""
    hidden = make_inputs()[0].numpy()
    return [hidden[row, 1 : length - 1] for row, length in enumerate(LENGTHS)]


def test_cls_parts():
    hidden, mask, head, tail = make_inputs()
    raw = make_pooling({"cls": "raw", "summary": "none", "entities": "none"})
    assert torch.equal(raw(hidden, mask, head, tail), hidden[:, 0])
    tanh = make_pooling({"cls": "tanh", "summary": "none", "entities": "none"})
    weight, bias = tanh.cls.dense.weight.detach().numpy(), tanh.cls.dense.bias.detach().numpy()
    expected = np.tanh(hidden[:, 0].numpy() @ weight.T + bias)
    np.testing.assert_allclose(tanh(hidden, mask, head, tail).detach().numpy(), expected)


def test_mean():
    hidden, mask, _, _ = make_inputs()
    text = mask & (torch.arange(max(LENGTHS)) > 0) & (torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None] - 1)
    expected = [states.mean(axis=0) for states in texts()]
    np.testing.assert_allclose(MeanSummary(WIDTH)(hidden, text).numpy(), expected)


def test_attention():
    pooling = make_pooling({"cls": "none", "summary": "attention", "entities": "none"})
    assert isinstance(pooling.summary, AttentionSummary)
    hidden, mask, head, tail = make_inputs()
    query = pooling.summary.query.detach().numpy()
    weights = pooling.attention(hidden, mask).detach().numpy()
    pooled = pooling(hidden, mask, head, tail).detach().numpy()
    for row, states in enumerate(texts()):
        e = np.array([query @ state for state in states])
        a = np.exp(e) / np.exp(e).sum()
        np.testing.assert_allclose(weights[row, 1 : LENGTHS[row] - 1], a)
        np.testing.assert_allclose(pooled[row], sum(weight * state for weight, state in zip(a, states, strict=True)))


def test_attention_weights_are_of_the_text_only():
    pooling = make_pooling({"cls": "none", "summary": "attention", "entities": "none"})
    hidden, mask, _, _ = make_inputs(padding=3)
    weights = pooling.attention(hidden, mask)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(3, dtype=torch.float64))
    for row, length in enumerate(LENGTHS):
        inside = torch.zeros(hidden.shape[1], dtype=torch.bool)
        inside[1 : length - 1] = True
        assert (weights[row][~inside] == 0).all() and (weights[row][inside] > 0).all()
    with pytest.raises(TypeError, match="attention"):
        make_pooling({"cls": "raw", "summary": "mean", "entities": "none"}).attention(hidden, mask)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_lstm_is_that_of_the_unpadded_text(bidirectional: bool):
    name = "bilstm" if bidirectional else "lstm"
    pooling = make_pooling({"cls": "none", "summary": name, "entities": "none"})
    assert isinstance(pooling.summary, LstmSummary)
    pooled = pooling(*make_inputs(padding=2))
    for row, states in enumerate(texts()):
        outputs, _ = pooling.summary.lstm(torch.from_numpy(states)[None])
        expected = outputs[0, -1, :WIDTH]
        if bidirectional:
            expected = torch.cat([expected, outputs[0, 0, WIDTH:]])
        torch.testing.assert_close(pooled[row], expected)


def test_entities():
    hidden, mask, head, tail = make_inputs()
    start = make_pooling({"cls": "none", "summary": "none", "entities": "start"})(hidden, mask, head, tail)
    largest = make_pooling({"cls": "none", "summary": "none", "entities": "max"})(hidden, mask, head, tail)
    for row in range(len(LENGTHS)):
        h, t = hidden[row, slice(*head[row])], hidden[row, slice(*tail[row])]
        assert torch.equal(start[row], torch.cat([h[0], t[0]]))
        assert torch.equal(largest[row], torch.cat([h.amax(dim=0), t.amax(dim=0)]))


@pytest.mark.parametrize("setting", ["cls", "summary", "entities"])
def test_unknown_part(setting: str):
    with pytest.raises(BioreError, match=f"BR203.*{setting}.*'best'.*none"):
        Pooling(WIDTH, **{setting: "best"})


def test_no_part_at_all():
    with pytest.raises(BioreError, match="BR203"):
        Pooling(WIDTH, cls="none", summary="none", entities="none")
