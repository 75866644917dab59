"""The torch module: precision, padding, dropout."""

import pytest
import torch
from transformers import AutoModel

from spacy_biore.model.network import RelationNetwork
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


@pytest.mark.skipif(not has_bfloat16("cpu"), reason="this CPU has no bfloat16")
def test_predictions_in_half_precision_follow_the_weights(make_nlp, make_example):
    examples = [make_example("[aspirin|CHEMICAL] inhibits [ptgs|GENE].", [(0, 1, "INHIBITS")])]
    logits = {}
    for half in (False, True):
        nlp = make_nlp(model={"mixed_precision": half})
        torch.manual_seed(0)
        nlp.initialize(lambda: examples)
        extractor, docs = nlp.get_pipe("relation_extractor"), [eg.predicted for eg in examples]
        if half:
            restored = extractor.model.copy()
        first = extractor.predict(docs).logits
        for _ in range(3):
            nlp.update(examples)
        logits[half] = first, extractor.predict(docs).logits
    for precise, rough in zip(logits[False], logits[True], strict=True):
        assert 0 < abs(precise - rough).max() < 0.1
    assert abs(logits[True][0] - logits[True][1]).max() > 0.001
    shim = extractor.model.shims[0]
    assert {p.dtype for p in shim.inference_network.encoder.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in shim.network.parameters()} == {torch.float32}
    assert (restored.predict((docs, extractor.get_candidates(docs))).logits == logits[True][0]).all()
