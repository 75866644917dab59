"""Files of half the size: weights of torch networks in half precision (float16) while a pipeline is saved."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from spacy.language import Language
from thinc.api import Model, Shim

from ..errors import BioreError, Errors
from ..model.shim import NetworkShim

LIMIT = torch.finfo(torch.float16).max


@contextmanager
def half_precision_weights(nlp: Language) -> Iterator[None]:
    """Hold the transformers of a pipeline in half precision, to save them meanwhile.

    Whatever loads the files copies the weights into networks of single precision. Afterwards the networks of this
    pipeline are in single precision too, with the same rounded weights. Integers stay, and so do thinc's own layers.

    Args:
        nlp: The pipeline.

    Raises:
        BioreError: BR612, before anything is changed, if a weight is beyond the range of half precision.
    """
    shims = [(name, shim) for name, pipe in nlp.components for shim in _torch_shims(getattr(pipe, "model", None))]
    for name, shim in shims:
        _check_range(name, shim._model)
    for _, shim in shims:
        shim._model.half()
    try:
        yield
    finally:
        for _, shim in shims:
            shim._model.float()
            if isinstance(shim, NetworkShim):
                shim.forget_copy()


def _torch_shims(model: object) -> list[Shim]:
    """Return what holds torch networks in a model: our shim, spacy-transformers' and thinc's own."""
    if not isinstance(model, Model):
        return []
    return [shim for node in model.walk() for shim in node.shims if isinstance(shim._model, torch.nn.Module)]


def _check_range(name: str, network: torch.nn.Module) -> None:
    for weight, values in network.state_dict().items():
        # Written so that NaN is out of range too.
        if values.is_floating_point() and values.numel() and not (largest := values.abs().max().item()) <= LIMIT:
            text = Errors.BR612.format(name=name, weight=weight, value=f"{largest:g}", limit=f"{LIMIT:g}")
            raise BioreError(text)
