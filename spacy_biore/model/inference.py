"""Networks for predictions only, on a CPU: their encoders hold the weights in fewer bits."""

import copy

import torch
from torch import nn
from transformers import PreTrainedModel

from .int8 import Int8Linear
from .network import RelationNetwork
from .packed import PackedLinear, has_packed
from .replacing import replace_layers


def half_precision_copy(network: RelationNetwork) -> RelationNetwork:
    """Return a network that shares pooling and classifier with another, on a copy of its encoder in bfloat16.

    Autocast casts the weights anew in every call and computes much else in single precision; without gradients, neither
    is needed.
    """
    encoder = _bfloat16(copy.deepcopy(network.encoder))
    if has_packed():
        replace_layers(encoder, nn.Linear, PackedLinear)
    return _with_encoder(network, encoder)


def int8_copy(network: RelationNetwork, *, half: bool) -> RelationNetwork:
    """Return a network that shares pooling and classifier with another, on a copy of its encoder with int8 layers.

    Args:
        network: The network to copy.
        half: Compute what is between the layers in bfloat16.
    """
    encoder = copy.deepcopy(network.encoder)
    replace_layers(encoder, nn.Linear, Int8Linear)
    return _with_encoder(network, _bfloat16(encoder) if half else encoder)


def _with_encoder(network: RelationNetwork, encoder: PreTrainedModel) -> RelationNetwork:
    with torch.random.fork_rng(devices=[]):
        fast = RelationNetwork(encoder, network.pooling, network.classifier.out_features)
    fast.classifier = network.classifier
    return fast.eval()


def _bfloat16(encoder: PreTrainedModel) -> PreTrainedModel:
    """Round the parameters alone: buffers, such as the frequencies of rotary positions, need their precision."""
    for parameter in encoder.parameters():
        parameter.data = parameter.data.bfloat16()
    return encoder
