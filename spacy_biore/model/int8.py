"""Linear layers in 8-bit integers, for predictions on a CPU."""

import warnings

import torch
from torch import Tensor, nn

LEVELS = 127


class Int8Linear(nn.Module):
    """A linear layer whose weights are 8-bit integers, and whose input is rounded to such in every call.

    Each row of the weights has its own scale. The scale of the input follows from its range in the call, so that
    nothing has to be calibrated.

    Args:
        linear: The layer to take the place of.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach().float()
        scales = (weight.abs().amax(dim=1) / LEVELS).clamp(min=torch.finfo(torch.float32).tiny)
        zeros = torch.zeros(len(weight), dtype=torch.int64)
        with warnings.catch_warnings():
            # torch will do without quantized tensors one day; see has_int8.
            warnings.filterwarnings("ignore", message=".*quantize_per_channel", category=UserWarning)
            rounded = torch.quantize_per_channel(weight, scales, zeros, axis=0, dtype=torch.qint8)
        bias = None if linear.bias is None else linear.bias.detach().float()
        self.packed = torch.ops.quantized.linear_prepack(rounded, bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (..., in), in single precision, to (..., out)."""
        return torch.ops.quantized.linear_dynamic(x, self.packed, reduce_range=False)


def has_int8() -> bool:
    """Say whether torch has such layers, and this CPU adds up their products without overflow (VNNI)."""
    has_vnni = getattr(torch.cpu, "_is_vnni_supported", lambda: False)()
    return has_vnni and hasattr(torch, "quantize_per_channel") and torch.backends.quantized.engine != "none"
