"""Linear layers in 8-bit integers."""

import pytest
import torch
from torch import nn

from spacy_biore.model.int8 import Int8Linear, has_int8

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
