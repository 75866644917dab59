"""spacy-transformers' wrapper of a torch model, with a CPU's half precision."""

from collections.abc import Callable
from typing import Any

import torch
from spacy_transformers.data_classes import HFObjects
from spacy_transformers.layers.hf_shim import HFShim
from thinc.api import get_torch_default_device

from ..model.dropout import use_byte_dropout
from ..model.forks import ForkGuard
from ..model.shim import has_bfloat16


class HalfPrecisionShim(HFShim):
    """Runs a transformer in bfloat16 on a CPU that has it; on a GPU it is what ``HFShim`` is.

    Args:
        model: What spacy-transformers knows of the transformer.
        mixed_precision: Compute in half precision where the device has it.
        grad_scaler_config: Settings of the scaling of gradients on a GPU; bfloat16 needs none.
    """

    def __init__(self, model: HFObjects, *, mixed_precision: bool, grad_scaler_config: dict[str, Any]) -> None:
        on_gpu = get_torch_default_device().type == "cuda"
        super().__init__(model, mixed_precision=mixed_precision and on_gpu, grad_scaler_config=dict(grad_scaler_config))
        self._guard = ForkGuard()
        self._bfloat16_on_cpu = mixed_precision and has_bfloat16("cpu")

    def predict(self, inputs: Any) -> Any:
        """Return the output of the transformer in single precision."""
        self._guard()
        with self._autocast():
            return _single_precision(super().predict(inputs))

    def begin_update(self, inputs: Any) -> tuple[Any, Callable]:
        """Return the output of the transformer in single precision, and a function that takes its gradient."""
        use_byte_dropout(self._model)
        with self._autocast():
            output, backprop = super().begin_update(inputs)
        return _single_precision(output), backprop

    def _autocast(self) -> torch.autocast:
        enabled = self._bfloat16_on_cpu and self.device.type == "cpu"
        return torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled)


def _single_precision(output: Any) -> Any:
    """Cast the tensors of an output, of which the pooler's is in half precision: numpy has no bfloat16."""
    for key, value in output.items():
        if torch.is_tensor(value):
            output[key] = value.float()
    return output
