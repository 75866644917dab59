"""spacy-transformers' wrapper of a torch model, with a CPU's half precision and bounded memory."""

from collections.abc import Callable
from typing import Any

import torch
from spacy_transformers.data_classes import HFObjects
from spacy_transformers.layers.hf_shim import HFShim
from thinc.api import ArgsKwargs, Optimizer, get_torch_default_device
from transformers import AutoModel, PretrainedConfig, PreTrainedModel

from ..model.dropout import use_byte_dropout
from ..model.encoders import attention_implementation
from ..model.forks import guard_threads
from ..model.shim import has_bfloat16

# The most pieces of text that are predicted at once: all those of one long Doc would fill the memory.
MAX_ROWS = 64


class _FastAttention(AutoModel):
    """Makes transformers with the attention that is fastest on the device in use: a saved one does not know its own."""

    @classmethod
    def from_config(cls, config: PretrainedConfig) -> PreTrainedModel:
        return super().from_config(config, attn_implementation=attention_implementation())


class HalfPrecisionShim(HFShim):
    """Runs a transformer in bfloat16 on a CPU that has it, and predicts ``MAX_ROWS`` pieces of text at a time.

    Args:
        model: What spacy-transformers knows of the transformer.
        layers: The output is the mean of so many of its last layers.
        rate: Its learning rate, as a multiple of the optimizer's.
        train_embeddings: Learn the vectors of the vocabulary as well.
        mixed_precision: Compute in half precision where the device has it.
        grad_scaler_config: Settings of the scaling of gradients on a GPU; bfloat16 needs none.
    """

    def __init__(
        self,
        model: HFObjects,
        *,
        layers: int,
        rate: float,
        train_embeddings: bool,
        mixed_precision: bool,
        grad_scaler_config: dict[str, Any],
    ) -> None:
        self._train_embeddings = train_embeddings
        on_gpu = get_torch_default_device().type == "cuda"
        super().__init__(
            model,
            model_cls=_FastAttention,
            mixed_precision=mixed_precision and on_gpu,
            grad_scaler_config=dict(grad_scaler_config),
        )
        self._layers = layers
        self._rate = rate
        self._bfloat16_on_cpu = mixed_precision and has_bfloat16("cpu")

    @property
    def _model(self) -> Any:
        """The transformer: spacy-transformers sets it when it initializes or loads the model."""
        return self._transformer

    @_model.setter
    def _model(self, transformer: Any) -> None:
        self._transformer = transformer
        if transformer is not None:
            use_byte_dropout(transformer)
            transformer.get_input_embeddings().requires_grad_(self._train_embeddings)

    def predict(self, inputs: Any) -> Any:
        """Return the output of the transformer in single precision."""
        guard_threads()
        with self._autocast():
            predict = super().predict
            return _joined([self._finished(predict(self._asking(run))) for run in _runs(inputs)])

    def begin_update(self, inputs: Any) -> tuple[Any, Callable]:
        """Return the output of the transformer in single precision, and a function that takes its gradient."""
        with self._autocast():
            output, backprop = super().begin_update(self._asking(inputs))
        return self._finished(output), backprop

    def finish_update(self, optimizer: Optimizer) -> None:
        """Update the parameters with the learning rate of the transformer."""
        rate = optimizer.learn_rate
        optimizer.learn_rate = rate * self._rate
        before = [(parameter, parameter.data) for parameter in self._model.parameters()]
        try:
            super().finish_update(optimizer)
        finally:
            optimizer.learn_rate = rate
        # thinc puts a view of a view in place of each parameter: each update would hold the objects of all before it.
        for parameter, own in before:
            if parameter.data_ptr() != own.data_ptr():
                own.copy_(parameter.data)
            parameter.data = own

    def _asking(self, inputs: ArgsKwargs) -> ArgsKwargs:
        if self._layers == 1:
            return inputs
        return ArgsKwargs(inputs.args, {**inputs.kwargs, "output_hidden_states": True})

    def _finished(self, output: Any) -> Any:
        """Take the mean of the last layers, and cast to single precision."""
        if self._layers > 1:
            last = torch.stack([layer.float() for layer in output["hidden_states"][-self._layers :]])
            output = type(output)(last_hidden_state=last.mean(0), pooler_output=output.get("pooler_output"))
        return _single_precision(output)

    def _autocast(self) -> torch.autocast:
        enabled = self._bfloat16_on_cpu and self.device.type == "cpu"
        return torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled)


def _runs(inputs: ArgsKwargs) -> list[ArgsKwargs]:
    """Cut the inputs of the transformer, tensors (pieces, length), into runs of few pieces."""
    parts = {name: tensor.split(MAX_ROWS) for name, tensor in inputs.kwargs.items()}
    return [ArgsKwargs(inputs.args, dict(zip(parts, run, strict=True))) for run in zip(*parts.values(), strict=True)]


def _joined(outputs: list[Any]) -> Any:
    """Put the outputs of the runs together again: their tensors, also those in tuples, as of attention by layer."""
    first = outputs[0]
    if len(outputs) == 1:
        return first
    if torch.is_tensor(first):
        return torch.cat(outputs)
    if isinstance(first, tuple):
        return tuple(_joined(list(values)) for values in zip(*outputs, strict=True))
    return type(first)({key: _joined([output[key] for output in outputs]) for key in first})


def _single_precision(output: Any) -> Any:
    """Cast the tensors of an output, of which the pooler's is in half precision: numpy has no bfloat16."""
    for key, value in output.items():
        if torch.is_tensor(value):
            output[key] = value.float()
    return output
