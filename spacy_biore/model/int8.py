"""Linear layers in 8-bit integers, for predictions on a CPU."""

from functools import cache

import torch
from torch import Tensor, nn

WEIGHT_LEVELS = 127
# Without VNNI, which adds up products in 32 bits, oneDNN adds two of them in 16: 2 * 255 * 64 still fits.
WEIGHT_LEVELS_WITHOUT_VNNI = 64
# One less than a byte has, so that rounding the zero does not push the greatest value out of it.
INPUT_LEVELS = 254
# Rows that are rounded at once: their single-precision copy stays in the processor's cache.
ROUNDED_ROWS = 256


class Int8Linear(nn.Module):
    """A linear layer whose weights are 8-bit integers, and whose input is rounded to such in every call.

    Each row of the weights has its own scale. Scale and zero of the input follow from its range in the call, so that
    nothing has to be calibrated.

    Args:
        linear: The layer to take the place of.
        levels: Greatest absolute value of a rounded weight; None for what suits the CPU.
    """

    def __init__(self, linear: nn.Linear, *, levels: int | None = None) -> None:
        super().__init__()
        weight = linear.weight.detach().float()
        self.scales = (weight.abs().amax(dim=1) / (levels or weight_levels())).clamp(
            min=torch.finfo(torch.float32).tiny
        )
        self.zeros = torch.zeros(len(weight), dtype=torch.int64)
        rounded = (weight / self.scales[:, None]).round().to(torch.int8)
        self.packed = torch.ops.onednn.qlinear_prepack(rounded, None)
        self.bias = None if linear.bias is None else linear.bias.detach().float()

    def forward(self, x: Tensor) -> Tensor:
        """Map x (..., in), with at least one row and finite numbers, to (..., out) of the same type."""
        rows = x.reshape(-1, x.shape[-1])
        rounded, scale, zero = _rounded(rows)
        output = torch.ops.onednn.qlinear_pointwise(
            rounded, scale, zero, self.packed, self.scales, self.zeros, self.bias, 1.0, 0, x.dtype, "none", [], ""
        )
        return output.view(*x.shape[:-1], -1)


@cache
def weight_levels() -> int:
    """Return the greatest absolute value of a rounded weight, such that no sum of products overflows on this CPU.

    Returns:
        0 if there is no such value, or the CPU is no x86, on which these layers were never tried.
    """
    if not torch.backends.cpu.get_cpu_capability().startswith("AVX"):
        return 0
    return next((levels for levels in (WEIGHT_LEVELS, WEIGHT_LEVELS_WITHOUT_VNNI) if _adds_up(levels)), 0)


@cache
def has_int8(dtype: torch.dtype = torch.float32) -> bool:
    """Say whether torch has such layers, and this CPU computes them right.

    They are what torch's own compiler uses, not a promise of its interface: so they are tried.

    Args:
        dtype: Of input and output.
    """
    return weight_levels() > 0 and _adds_up(weight_levels(), dtype)


def _adds_up(levels: int, dtype: torch.dtype = torch.float32) -> bool:
    """Try a layer with the greatest weights and inputs."""
    try:
        with torch.inference_mode():
            # Without first weights: to draw them would change what a training in progress draws next.
            linear = nn.utils.skip_init(nn.Linear, 16, 16)
            nn.init.ones_(linear.weight)
            nn.init.zeros_(linear.bias)
            output = Int8Linear(linear, levels=levels)(torch.ones(2, 16, dtype=dtype))
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return False
    return bool(((output - 16).abs() < 1).all())


def _rounded(x: Tensor) -> tuple[Tensor, float, int]:
    """Round x (rows, width) to unsigned bytes; return them with their scale and the byte that stands for zero."""
    lowest, highest = x.aminmax()
    low, high = min(float(lowest), 0.0), max(float(highest), 0.0)
    scale = max((high - low) / INPUT_LEVELS, torch.finfo(torch.float32).tiny)
    zero = round(-low / scale)
    rounded = torch.empty(x.shape, dtype=torch.uint8)
    for source, target in zip(x.split(ROUNDED_ROWS), rounded.split(ROUNDED_ROWS), strict=True):
        # By way of 32-bit integers, to which the processor converts many numbers at once.
        target.copy_(source.to(torch.float32, copy=True).mul_(1 / scale).add_(zero + 0.5).int())
    return rounded, scale, zero
