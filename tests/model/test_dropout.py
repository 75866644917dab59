"""Dropout from bytes: what is dropped, how the rest is scaled, and where it is used."""

import pytest
import torch
from torch import nn

from spacy_biore.model.dropout import ByteDropout, use_byte_dropout


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("p", [0.1, 0.5])
def test_share_and_scale(p: float, dtype: torch.dtype):
    torch.manual_seed(0)
    out = ByteDropout(p)(torch.ones(333, 1001, dtype=dtype)).float()
    assert (out == 0).float().mean().item() == pytest.approx(p, abs=0.004)
    assert out.mean().item() == pytest.approx(1.0, abs=0.005)
    assert out.unique().numel() == 2 and out.shape == (333, 1001)


def test_elements_are_dropped_independently():
    torch.manual_seed(0)
    kept = (ByteDropout(0.5)(torch.ones(400_000)) > 0).float() - 0.5
    for distance in (1, 2, 7, 8, 64):
        assert abs((kept[:-distance] * kept[distance:]).mean().item()) < 0.002


def test_gradient_is_that_of_the_kept_elements():
    x = torch.randn(50, 7, requires_grad=True)
    out = ByteDropout(0.3)(x)
    out.sum().backward()
    assert torch.equal(x.grad == 0, out == 0)
    torch.testing.assert_close((x * x.grad).detach(), out.detach())


def test_the_seed_decides():
    layer, x = ByteDropout(0.5), torch.ones(1000)
    runs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        runs.append(layer(x))
    assert torch.equal(runs[0], runs[1]) and not torch.equal(runs[0], runs[2])


def test_nothing_is_dropped_outside_training_or_without_probability():
    x = torch.randn(10)
    assert ByteDropout(0.5).eval()(x) is x
    assert ByteDropout(0.0)(x) is x


def test_every_dropout_of_a_module_is_replaced():
    module = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Dropout(0.2)), nn.Dropout(0.4)).eval()
    use_byte_dropout(module)
    layers = [layer for layer in module.modules() if isinstance(layer, ByteDropout)]
    assert [layer.p for layer in layers] == [0.2, 0.4] and not any(layer.training for layer in layers)
    assert not any(isinstance(layer, nn.Dropout) for layer in module.modules())
