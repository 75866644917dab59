"""Linear layers whose weights lie as the CPU's kernels want them."""

import pytest
import torch
from torch import nn

from spacy_biore.model.packed import PackedLinear, has_packed
from spacy_biore.model.shim import has_bfloat16

pytestmark = pytest.mark.skipif(
    not (has_packed() and has_bfloat16("cpu")), reason="this CPU or this torch has no such layers"
)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rows", [1, 3, 257])
def test_output_is_that_of_the_layer(bias: bool, rows: int):
    torch.manual_seed(0)
    linear = nn.Linear(64, 48, bias=bias, dtype=torch.bfloat16)
    x = torch.randn(2, rows, 64, dtype=torch.bfloat16)
    with torch.inference_mode():
        packed = PackedLinear(linear)(x)
        exact = nn.functional.linear(x.float(), linear.weight.float(), linear.bias.float() if bias else None)
    assert packed.shape == (2, rows, 48) and packed.dtype == torch.bfloat16
    assert (packed.float() - exact).abs().max() < 0.02


def test_the_trial_draws_no_random_numbers():
    before = torch.get_rng_state()
    assert has_packed.__wrapped__()
    assert (torch.get_rng_state() == before).all()
