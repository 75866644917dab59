"""The torch module: precision, padding, dropout."""

import pickle

import pytest
import torch
from torch import nn
from transformers import AutoModel

from spacy_biore.model.inference import half_precision_copy, int8_copy
from spacy_biore.model.int8 import Int8Linear, has_int8
from spacy_biore.model.network import RelationNetwork
from spacy_biore.model.packed import PackedLinear, has_packed
from spacy_biore.model.pooling import Pooling
from spacy_biore.model.shim import has_bfloat16


@pytest.fixture
def network(tiny_encoder: str) -> RelationNetwork:
    torch.manual_seed(0)
    encoder = AutoModel.from_pretrained(tiny_encoder, add_pooling_layer=False)
    return RelationNetwork(encoder, Pooling(32, summary="attention", entities="max"), 3, dropout=0.5).eval()


@pytest.fixture
def inputs() -> tuple[torch.Tensor, ...]:
    ids = torch.randint(5, 60, (2, 20), generator=torch.Generator().manual_seed(0))
    mask = torch.arange(20)[None, :] < torch.tensor([[20], [12]])
    return ids * mask, mask, torch.tensor([[2, 4], [5, 6]]), torch.tensor([[9, 10], [1, 3]])


def test_logits(network, inputs):
    logits = network(*inputs)
    assert logits.shape == (2, 3) and logits.dtype == torch.float32
    z = network.pooling(network.encode(*inputs[:2]), *inputs[1:])
    torch.testing.assert_close(logits, z @ network.classifier.weight.T + network.classifier.bias)


def test_padding_does_not_change_logits(network, inputs):
    ids, mask, head, tail = inputs
    expected = network(*inputs)
    wide = [torch.nn.functional.pad(array, (0, 28)) for array in (ids, mask)]
    torch.testing.assert_close(network(*wide, head, tail), expected, atol=2e-6, rtol=0)
    # Whatever stands on padding.
    torch.testing.assert_close(network(torch.where(mask, ids, 9), mask, head, tail), expected, atol=2e-6, rtol=0)


def test_dropout_in_training_only(network, inputs):
    torch.testing.assert_close(network(*inputs), network(*inputs), atol=0, rtol=0)
    network.train()
    assert not torch.equal(network(*inputs), network(*inputs))


def test_half_precision_stops_at_the_encoder(network, inputs):
    expected = network(*inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert network.encode(*inputs[:2]).dtype == torch.float32
        logits = network(*inputs)
        weights = network.attention(*inputs[:2])
    assert logits.dtype == weights.dtype == torch.float32
    assert 0 < (logits - expected).abs().max() < 0.1
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2), atol=1e-5, rtol=0)


def test_every_parameter_gets_a_gradient(network, inputs):
    network(*inputs).square().sum().backward()
    without = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


needs_int8 = pytest.mark.skipif(not has_int8(), reason="this CPU does not compute with 8-bit integers")
needs_bfloat16 = pytest.mark.skipif(not has_bfloat16("cpu"), reason="this CPU has no bfloat16")
FAST = [
    pytest.param({"mixed_precision": True}, marks=needs_bfloat16),
    pytest.param({"int8": True}, marks=needs_int8),
    pytest.param({"int8": True, "mixed_precision": True}, marks=[needs_int8, needs_bfloat16]),
]


@pytest.mark.parametrize("fast", FAST, ids=["mixed_precision", "int8", "int8_mixed_precision"])
def test_fast_predictions_follow_the_weights(make_nlp, make_example, fast):
    examples = [make_example("[aspirin|CHEMICAL] inhibits [ptgs|GENE].", [(0, 1, "INHIBITS")])]
    logits = []
    for settings in ({}, fast):
        nlp = make_nlp(model=settings)
        torch.manual_seed(0)
        nlp.initialize(lambda: examples)
        extractor, docs = nlp.get_pipe("relation_extractor"), [eg.predicted for eg in examples]
        restored = extractor.model.copy()
        first = extractor.predict(docs).logits
        for _ in range(3):
            nlp.update(examples)
        logits.append((first, extractor.predict(docs).logits))
    for precise, rough in zip(*logits, strict=True):
        assert 0 < abs(precise - rough).max() < 0.1
    assert abs(logits[1][0] - logits[1][1]).max() > 0.001
    assert {p.dtype for p in extractor.model.shims[0].network.parameters()} == {torch.float32}
    assert (restored.predict((docs, extractor.get_candidates(docs))).logits == logits[1][0]).all()


@needs_int8
@needs_bfloat16
def test_weights_of_fast_predictions(make_nlp, make_example):
    example = make_example("[aspirin|CHEMICAL] inhibits [ptgs|GENE].", [(0, 1, "INHIBITS")])
    encoders = {}
    for names in (["mixed_precision"], ["int8"], ["int8", "mixed_precision"]):
        nlp = make_nlp(model=dict.fromkeys(names, True))
        nlp.initialize(lambda: [example])
        encoders["_".join(names)] = nlp.get_pipe("relation_extractor").model.shims[0].inference_network.encoder
    assert {p.dtype for p in encoders["mixed_precision"].parameters()} == {torch.bfloat16}
    if has_packed():
        assert any(isinstance(module, PackedLinear) for module in encoders["mixed_precision"].modules())
        assert not any(type(module) is nn.Linear for module in encoders["mixed_precision"].modules())
    for name, dtype in (("int8", torch.float32), ("int8_mixed_precision", torch.bfloat16)):
        assert not any(type(module) is nn.Linear for module in encoders[name].modules())
        assert any(isinstance(module, Int8Linear) for module in encoders[name].modules())
        assert {p.dtype for p in encoders[name].parameters()} == {dtype}


@needs_int8
def test_half_precision_is_that_of_parameters_alone(network):
    network.encoder.register_buffer("frequencies", torch.rand(3))
    encoder = int8_copy(network, half=True).encoder
    assert encoder.frequencies.dtype == torch.float32
    assert {p.dtype for p in encoder.parameters()} == {torch.bfloat16}


@needs_int8
def test_copies_leave_the_fast_network_out(make_nlp, make_example):
    nlp = make_nlp(model={"int8": True})
    example = make_example("[aspirin|CHEMICAL] inhibits [ptgs|GENE].", [(0, 1, "INHIBITS")])
    nlp.initialize(lambda: [example])
    extractor = nlp.get_pipe("relation_extractor")
    before = extractor.predict([example.predicted]).logits
    again = pickle.loads(pickle.dumps(extractor))
    assert (again.predict([example.predicted]).logits == before).all()


@pytest.mark.parametrize("make_copy", [half_precision_copy, lambda network: int8_copy(network, half=False)])
def test_a_copy_that_predicts_does_not_change_what_a_training_draws_next(network, make_copy):
    before = torch.get_rng_state()
    make_copy(network)
    assert torch.equal(torch.get_rng_state(), before)
