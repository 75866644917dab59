"""Linear layers in bfloat16 whose weights lie as the CPU's kernels want them, for predictions."""

from functools import cache

import torch
from torch import Tensor, nn

# The kernel and the order of the weights are chosen for about so many rows of input; any number of them is computed.
ROWS = 2048


class PackedLinear(nn.Module):
    """A linear layer with the weights in the order of oneDNN, which torch otherwise makes anew in every call.

    Args:
        linear: The layer to take the place of, in bfloat16 on a CPU.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        with torch.no_grad():
            self.packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), ROWS)
            self.bias = None if linear.bias is None else linear.bias.detach()

    def forward(self, x: Tensor) -> Tensor:
        """Map x (..., in), in bfloat16, to (..., out)."""
        return torch.ops.mkldnn._linear_pointwise(x, self.packed, self.bias, "none", [], "")


@cache
def has_packed() -> bool:
    """Say whether torch has such layers here: they are what its own compiler uses, not a promise of its interface."""
    try:
        with torch.inference_mode():
            # Without first weights: to draw them would change what a training in progress draws next.
            linear = nn.utils.skip_init(nn.Linear, 16, 16, dtype=torch.bfloat16)
            PackedLinear(linear)(torch.zeros(2, 16, dtype=torch.bfloat16))
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return False
    return True
