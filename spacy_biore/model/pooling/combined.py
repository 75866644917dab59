"""The three parts of the pooling, chosen by name and concatenated."""

from collections.abc import Callable
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from ...errors import BioreError, Errors
from .cls import RawCls, TanhCls
from .entities import EntityMax, EntityStart
from .summary import AttentionSummary, LstmSummary, MeanSummary

Part = Callable[[int], nn.Module]

CLS_PARTS: dict[str, Part | None] = {"none": None, "raw": RawCls, "tanh": TanhCls}
SUMMARY_PARTS: dict[str, Part | None] = {
    "none": None,
    "mean": MeanSummary,
    "attention": AttentionSummary,
    "lstm": LstmSummary,
    "bilstm": partial(LstmSummary, bidirectional=True),
}
ENTITY_PARTS: dict[str, Part | None] = {"none": None, "start": EntityStart, "max": EntityMax}


class Pooling(nn.Module):
    """Summarise the last layer of an encoder as one vector a pair: z = [cls ; summary ; entities].

    Args:
        width: Width of the hidden states.
        cls: ``none``, ``raw`` (the state itself) or ``tanh`` (through a dense layer, as in plain BERT).
        summary: ``none``, ``mean``, ``attention``, ``lstm`` or ``bilstm``, over the text positions.
        entities: ``none``, ``start`` (first piece of each mention) or ``max`` (over its pieces).

    Raises:
        BioreError: BR203 for an unknown name, or if all parts are ``none``.
    """

    def __init__(self, width: int, *, cls: str = "raw", summary: str = "attention", entities: str = "none") -> None:
        super().__init__()
        self.cls = _make("cls", cls, CLS_PARTS, width)
        self.summary = _make("summary", summary, SUMMARY_PARTS, width)
        self.entities = _make("entities", entities, ENTITY_PARTS, width)
        parts = [part for part in (self.cls, self.summary, self.entities) if part is not None]
        if not parts:
            raise BioreError(
                Errors.BR203.format(setting="cls, summary and entities", value="none", expected="at least one")
            )
        self.width = sum(cast(int, part.width) for part in parts)

    def forward(self, hidden: Tensor, mask: Tensor, head: Tensor, tail: Tensor) -> Tensor:
        """Pool hidden states.

        Args:
            hidden: (batch, length, width) the last layer.
            mask: (batch, length) true on every piece that is not padding.
            head: (batch, 2) first piece of the head and one past its last.
            tail: (batch, 2) the same for the tail.

        Returns:
            (batch, self.width)
        """
        pooled = []
        if self.cls is not None:
            pooled.append(self.cls(hidden))
        if self.summary is not None:
            pooled.append(self.summary(hidden, text_mask(mask)))
        if self.entities is not None:
            pooled.append(self.entities(hidden, head, tail))
        return torch.cat(pooled, dim=-1)

    def attention(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return the weights (batch, length) of the attention summary; TypeError if the summary is another one."""
        if not isinstance(self.summary, AttentionSummary):
            raise TypeError("Only an attention summary has weights.")
        return self.summary.weights(hidden, text_mask(mask))


def text_mask(mask: Tensor) -> Tensor:
    """Turn a mask of what is not padding into a mask of the text: without the first (CLS) and last (SEP) piece."""
    text = mask.clone()
    text[:, :-1] &= mask[:, 1:]
    text[:, -1] = False
    text[:, 0] = False
    return text


def _make(setting: str, name: str, parts: dict[str, Part | None], width: int) -> nn.Module | None:
    if name not in parts:
        raise BioreError(Errors.BR203.format(setting=setting, value=name, expected=", ".join(parts)))
    part = parts[name]
    return None if part is None else part(width)
