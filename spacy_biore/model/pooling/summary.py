"""Summaries of the text positions: every piece but CLS, SEP and padding.

Each takes hidden states (batch, length, width) and a mask (batch, length) that is true on text positions, which are
contiguous and begin at position 1. A text of no pieces is summarised as zeros.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence


class MeanSummary(nn.Module):
    """The mean of the text states."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return (batch, width)."""
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)


class AttentionSummary(nn.Module):
    """The text states weighted by one learned query: e = H'w, a = softmax(e), s = sum of a H' (SLL_Att)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.query = nn.Parameter(torch.empty(width))
        nn.init.trunc_normal_(self.query, std=0.02)

    def weights(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return the attention weights (batch, length): zero outside the text, each row with a sum of 1."""
        scores = (hidden @ self.query).masked_fill(~mask, torch.finfo(hidden.dtype).min)
        return scores.softmax(dim=1) * mask

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return (batch, width)."""
        return torch.einsum("bl,blw->bw", self.weights(hidden, mask), hidden)


class LstmSummary(nn.Module):
    """The last state of an LSTM over the text, or of one in each direction (SLL_LSTM, SLL_biLSTM)."""

    def __init__(self, width: int, *, bidirectional: bool = False) -> None:
        super().__init__()
        self.width = width * (2 if bidirectional else 1)
        self.lstm = nn.LSTM(width, width, batch_first=True, bidirectional=bidirectional)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return (batch, width), or (batch, 2 * width) for both directions."""
        lengths = mask.sum(dim=1)
        packed = pack_padded_sequence(hidden[:, 1:], lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False)
        _, (last, _) = self.lstm(packed)
        return torch.cat(list(last), dim=-1) * (lengths > 0).unsqueeze(-1)
