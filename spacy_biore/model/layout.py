"""How the pairs of a batch share its rows."""

from typing import NamedTuple

from torch import Tensor

PADDING, TEXT = 0, 1


class Layout(NamedTuple):
    """Which piece sees which, and which of them a pair is pooled from.

    Attributes:
        owners: (batch, length) what a piece belongs to: 0 padding, 1 the text, 2 and more a pair.
        positions: (batch, length) where a piece stands for the encoder.
        views: (pairs, view) the pieces that a pair is pooled from: their places in the batch, row by row.
    """

    owners: Tensor
    positions: Tensor
    views: Tensor

    def visible(self) -> Tensor:
        """Return (batch, length, length) which pieces (last axis) each piece sees."""
        seeing, seen = self.owners[:, :, None], self.owners[:, None, :]
        return (seeing == seen) | ((seen == TEXT) & (seeing > TEXT))

    def view(self, hidden: Tensor) -> Tensor:
        """Map states (batch, length, width) to those of every pair (pairs, view, width)."""
        return hidden.flatten(0, 1)[self.views]
