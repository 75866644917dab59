"""Dropout whose random numbers cost a CPU little."""

import torch
from torch import Tensor, nn

from .replacing import replace_layers

# torch draws one random number for every element, by one thread; a byte of a 64-bit number does as well.
LEVELS = 256


class ByteDropout(nn.Module):
    """Dropout with a probability that is a multiple of 1/256, the nearest to ``p``; exact in expectation.

    Args:
        p: Probability with which an element is set to 0 in training; the others are scaled up.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.dropped = min(round(p * LEVELS), LEVELS - 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return x (any shape) with elements dropped in training, and as it is otherwise."""
        if not self.training or not self.dropped:
            return x
        if x.device.type != "cpu":
            return nn.functional.dropout(x, self.p)
        words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        kept = words.view(torch.uint8)[: x.numel()].view(x.shape) >= self.dropped
        return x * kept.to(x.dtype).mul_(LEVELS / (LEVELS - self.dropped))

    def extra_repr(self) -> str:
        """Describe the layer in a printed model."""
        return f"p={self.p}"


def use_byte_dropout(module: nn.Module) -> None:
    """Put ``ByteDropout`` in the place of every ``nn.Dropout`` inside a module."""
    replace_layers(module, nn.Dropout, lambda layer: ByteDropout(layer.p).train(layer.training))
