"""Linear layers in 8-bit integers."""

import pytest
import torch
from torch import Tensor, nn

from spacy_biore.model import int8
from spacy_biore.model.int8 import WEIGHT_LEVELS, WEIGHT_LEVELS_WITHOUT_VNNI, Int8Linear, has_int8, weight_levels

pytestmark = pytest.mark.skipif(not has_int8(), reason="this CPU does not compute with 8-bit integers")


@pytest.mark.parametrize("bias", [True, False])
def test_output_is_nearly_that_of_the_layer(bias: bool):
    torch.manual_seed(0)
    linear, x = nn.Linear(64, 32, bias=bias), torch.randn(2, 5, 64)
    with torch.no_grad():
        linear.weight[3] *= 100  # a row with a range of its own must not cost the others their precision
        exact = linear(x)
        rough = Int8Linear(linear)(x)
    assert rough.shape == exact.shape and rough.dtype == torch.float32
    error = (rough - exact).abs().amax(dim=(0, 1)) / exact.abs().amax(dim=(0, 1))
    assert 0 < error.max() < 0.05


def test_row_of_zeros_stays_zero():
    linear = nn.Linear(8, 3)
    with torch.no_grad():
        linear.weight[1] = 0
        linear.bias.zero_()
        assert (Int8Linear(linear)(torch.randn(4, 8))[:, 1] == 0).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_greatest_products_do_not_overflow(sign: int):
    linear = nn.Linear(384, 4, bias=False)
    with torch.no_grad():
        linear.weight.fill_(sign)
        assert torch.allclose(Int8Linear(linear)(torch.ones(3, 384)), torch.tensor(sign * 384.0), rtol=0.01)


@pytest.mark.parametrize("right", [WEIGHT_LEVELS, WEIGHT_LEVELS_WITHOUT_VNNI, 0])
def test_weights_are_as_large_as_their_sums_of_products_allow(monkeypatch: pytest.MonkeyPatch, right: int):
    assert 2 * 255 * WEIGHT_LEVELS_WITHOUT_VNNI < 2**15
    monkeypatch.setattr(int8, "_adds_up", lambda levels: levels <= right)
    assert weight_levels.__wrapped__() == right


def test_elsewhere_than_on_x86_there_is_no_int8(monkeypatch: pytest.MonkeyPatch):
    assert weight_levels.__wrapped__() > 0
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "DEFAULT")
    assert weight_levels.__wrapped__() == 0


@pytest.mark.parametrize("problem", [AttributeError, RuntimeError, None])
def test_without_working_layers_there_is_no_int8(monkeypatch: pytest.MonkeyPatch, problem: type[Exception] | None):
    """Where torch has other operators, or they compute something else."""

    def forward(layer: Int8Linear, x: Tensor) -> Tensor:
        if problem:
            raise problem
        return 2 * x

    assert has_int8.__wrapped__()
    monkeypatch.setattr(Int8Linear, "forward", forward)
    assert not has_int8.__wrapped__()


def test_type_of_the_output_is_that_of_the_input():
    linear, x = nn.Linear(16, 16), torch.randn(3, 16)
    with torch.no_grad():
        half = Int8Linear(linear)(x.bfloat16())
        assert half.dtype == torch.bfloat16
        assert torch.allclose(half.float(), linear(x), atol=0.05)


@pytest.mark.parametrize("low", [-1.0, -0.3, 0.0, 2.0, -3.0])
def test_greatest_and_least_inputs_are_not_rounded_out_of_range(low: float):
    """Of many rows, since they are rounded in parts; all of one sign, too, since zero is always in the range."""
    x = torch.linspace(low, low + 1, 1000)[:, None].repeat(1, 8)
    linear = nn.Linear(8, 8, bias=False)
    with torch.no_grad():
        linear.weight.copy_(torch.eye(8))
        assert torch.allclose(Int8Linear(linear)(x), x, atol=0.02)


def test_input_of_zeros_gives_the_bias():
    linear = nn.Linear(8, 3)
    with torch.no_grad():
        assert torch.allclose(Int8Linear(linear)(torch.zeros(4, 8)), linear.bias.expand(4, 3))
