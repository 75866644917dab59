"""A network for predictions only: its encoder holds its weights in bfloat16."""

import torch
from transformers import AutoModel, PreTrainedModel

from .encoders import attention_implementation
from .network import RelationNetwork


def half_precision_copy(network: RelationNetwork) -> RelationNetwork:
    """Return a network that shares pooling and classifier with another, on a copy of its encoder in bfloat16.

    Autocast casts the weights anew in every call and computes much else in single precision; without gradients, neither
    is needed.
    """
    fast = RelationNetwork(_half_encoder(network.encoder), network.pooling, network.classifier.out_features)
    fast.classifier = network.classifier
    return fast.eval()


def _half_encoder(encoder: PreTrainedModel) -> PreTrainedModel:
    with torch.random.fork_rng(devices=[]):
        half = AutoModel.from_config(
            encoder.config, attn_implementation=attention_implementation(), torch_dtype=torch.bfloat16
        )
    half.pooler = None
    half.load_state_dict(encoder.state_dict())
    return half
