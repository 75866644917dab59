"""The torch module: encoder, pooling, classifier."""

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from .encoders import first_position
from .layout import Layout
from .pooling import Pooling


class RelationNetwork(nn.Module):
    """Encode each pair, pool the last layer, classify: logits = W dropout(z) + b.

    Args:
        encoder: A transformer whose output has ``last_hidden_state``; its own pooler is not used.
        pooling: Maps the last layer to one vector a pair.
        n_outputs: Number of classes.
        dropout: Probability with which a feature of z is left out in training.
        samples: Times that dropout is drawn for each z in training.
    """

    def __init__(
        self, encoder: PreTrainedModel, pooling: Pooling, n_outputs: int, *, dropout: float = 0.1, samples: int = 1
    ) -> None:
        super().__init__()
        self.samples = samples
        self.encoder = encoder
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(pooling.width, n_outputs)
        nn.init.trunc_normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.classifier.weight.device

    def last_layer(self, ids: Tensor, mask: Tensor, layout: Layout | None = None) -> Tensor:
        """Return the states (batch, length, width) of the encoder's last layer, in its own precision.

        Args:
            ids: (batch, length) word pieces.
            mask: (batch, length) which of them are no padding.
            layout: Where the pairs of shared texts are, if there are any.
        """
        if layout is None:
            return self.encoder(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        inputs = {
            "input_ids": ids,
            "attention_mask": layout.visible().long(),
            "position_ids": layout.positions + first_position(self.encoder),
        }
        if getattr(self.encoder.config, "type_vocab_size", 0):
            # Those that the encoder would make are no longer than its longest text, which a row with its pairs may be.
            inputs["token_type_ids"] = torch.zeros_like(ids)
        return self.encoder(**inputs).last_hidden_state

    def encode(self, ids: Tensor, mask: Tensor, layout: Layout | None = None) -> Tensor:
        """Return what each pair is pooled from, (pairs, length, width), in single precision."""
        hidden = self.last_layer(ids, mask, layout)
        return (hidden if layout is None else layout.view(hidden)).float()

    def attention(self, ids: Tensor, mask: Tensor, layout: Layout | None = None) -> Tensor:
        """Return the weights (pairs, length) of an attention summary."""
        hidden = self.encode(ids, mask, layout)
        with torch.autocast(hidden.device.type, enabled=False):
            return self.pooling.attention(hidden, mask)

    def forward(self, ids: Tensor, mask: Tensor, head: Tensor, tail: Tensor, layout: Layout | None = None) -> Tensor:
        """Return logits (batch, classes) in single precision; the arguments are those of ``batching.Batch``.

        In training they are (batch * samples, classes): those of one input stand side by side.
        """
        hidden = self.encode(ids, mask, layout)
        with torch.autocast(hidden.device.type, enabled=False):
            z = self.pooling(hidden, mask, head, tail)
            if self.training and self.samples > 1:
                z = z.repeat_interleave(self.samples, dim=0)
            return self.classifier(self.dropout(z))
