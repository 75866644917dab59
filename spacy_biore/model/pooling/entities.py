"""The states of the two mentions."""

import torch
from torch import Tensor, nn


class EntityStart(nn.Module):
    """The states of the first piece of head and tail, side by side."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = 2 * width

    def forward(self, hidden: Tensor, head: Tensor, tail: Tensor) -> Tensor:
        """Map hidden states (batch, length, width) and piece ranges (batch, 2) to (batch, 2 * width)."""
        rows = torch.arange(len(hidden), device=hidden.device)
        return torch.cat([hidden[rows, head[:, 0]], hidden[rows, tail[:, 0]]], dim=-1)


class EntityMax(nn.Module):
    """The greatest value of each feature over the pieces of head and of tail, side by side."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = 2 * width

    def forward(self, hidden: Tensor, head: Tensor, tail: Tensor) -> Tensor:
        """Map hidden states (batch, length, width) and piece ranges (batch, 2) to (batch, 2 * width)."""
        return torch.cat([_range_max(hidden, head), _range_max(hidden, tail)], dim=-1)


def _range_max(hidden: Tensor, span: Tensor) -> Tensor:
    positions = torch.arange(hidden.shape[1], device=hidden.device)[None, :]
    inside = (positions >= span[:, :1]) & (positions < span[:, 1:])
    return hidden.masked_fill(~inside.unsqueeze(-1), torch.finfo(hidden.dtype).min).amax(dim=1)
