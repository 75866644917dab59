"""How fast each part of the network learns: factors on the learning rate of the optimizer."""

from torch import nn

from ..errors import BioreError, Errors
from .network import RelationNetwork


def rate_factors(network: RelationNetwork, *, head_rate: float = 1.0, layer_decay: float = 1.0) -> dict[str, float]:
    """Return the factor on the learning rate of every parameter of a network, by its name.

    Args:
        network: The network.
        head_rate: That of what is new: pooling and classifier.
        layer_decay: From each layer of the encoder to the one below it; the top layer has 1, and the embeddings count
            as the layer below the lowest.

    Raises:
        BioreError: BR208 for a ``layer_decay`` other than 1 if the encoder keeps no list of layers.
    """
    depths = encoder_depths(network.encoder) if layer_decay != 1.0 else {}
    if layer_decay != 1.0 and not depths:
        raise BioreError(Errors.BR208.format(value=layer_decay, kind=type(network.encoder).__name__))
    factors = {name: head_rate for name, _ in network.named_parameters()}
    for name, _ in network.encoder.named_parameters():
        factors[f"encoder.{name}"] = layer_decay ** depths.get(name, 0)
    return factors


def encoder_depths(encoder: nn.Module) -> dict[str, int]:
    """Return how many layers lie above each parameter of an encoder, by its name; nothing if no layers are found.

    The layers are the longest ``nn.ModuleList``. What comes before it, and embeddings wherever they are (those of
    relative positions may come later), lie below all layers; anything else after it, such as a last norm, above them.
    """
    lists = [(name, module) for name, module in encoder.named_modules() if isinstance(module, nn.ModuleList)]
    path, layers = max(lists, key=lambda entry: len(entry[1]), default=("", nn.ModuleList()))
    if not len(layers):
        return {}
    embeddings = {f"{name}.weight" for name, module in encoder.named_modules() if isinstance(module, nn.Embedding)}
    depths, is_above = {}, False
    for name, _ in encoder.named_parameters():
        if name.startswith(f"{path}."):
            depths[name] = len(layers) - 1 - int(name.removeprefix(f"{path}.").partition(".")[0])
            is_above = True
        else:
            depths[name] = 0 if is_above and name not in embeddings else len(layers)
    return depths
