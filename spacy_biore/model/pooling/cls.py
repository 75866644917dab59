"""The state of the first piece, ``[CLS]``."""

from torch import Tensor, nn


class RawCls(nn.Module):
    """The last-layer state of ``[CLS]`` itself: h in the paper's equations."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, hidden: Tensor) -> Tensor:
        """Map hidden states (batch, length, width) to (batch, width)."""
        return hidden[:, 0]


class TanhCls(nn.Module):
    """The state of ``[CLS]`` through a dense layer and tanh, as plain BERT classifies."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.dense = nn.Linear(width, width)
        nn.init.trunc_normal_(self.dense.weight, std=0.02)
        nn.init.zeros_(self.dense.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        """Map hidden states (batch, length, width) to (batch, width)."""
        return self.dense(hidden[:, 0]).tanh()
