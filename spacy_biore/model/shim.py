"""The torch network as thinc sees it: run, update, move, save, load."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from thinc.api import Optimizer, Shim, get_torch_default_device

from ..errors import Errors
from .batching import LENGTH_STEP, Batch, distinct, make_batches
from .dropout import use_byte_dropout
from .encoders import load_encoder
from .forks import guard_threads
from .inference import half_precision_copy, int8_copy
from .int8 import has_int8
from .network import RelationNetwork
from .optimizer import NetworkOptimizer
from .pieces import EncodedPair, PieceTokenizer
from .pooling import Pooling
from .rates import rate_factors
from .saving import NOTHING, restore_network, save_network
from .sharing import check_sharing, make_shared_batches

Logits = NDArray[np.float32]

# On a CPU small batches cost little more, and sorted by length they hold much less padding.
CPU_TRAINING_BUDGET = 768
CPU_INFERENCE_BUDGET = 2048
SHORT_STEP = 8


class NetworkShim(Shim):
    """Holds the torch network and the tokenizer of a relation model.

    Args:
        pooling: Names of the parts of the pooling, as ``Pooling`` takes them.
        dropout: Dropout before the classifier.
        samples: Times that it is drawn for each pair in training.
        rates: What ``rate_factors`` takes.
        budget: Word pieces a batch, padding included.
        max_length: Word pieces an instance at most.
        mixed_precision: Use half precision where the device has it (bfloat16).
        int8: Predict with 8-bit integers on a CPU.
    """

    def __init__(
        self,
        *,
        pooling: dict[str, str],
        dropout: float,
        budget: int,
        max_length: int,
        mixed_precision: bool,
        int8: bool = False,
        samples: int = 1,
        rates: dict[str, float] | None = None,
    ) -> None:
        super().__init__(model=None)
        self.cfg = {"pooling": pooling, "head": {"dropout": dropout, "samples": samples}, "rates": rates or {}}
        self.budget = budget
        self.max_length = max_length
        self.mixed_precision = mixed_precision
        self.int8 = int8
        self._tokenizer: PieceTokenizer | None = None
        self._fast: RelationNetwork | None = None
        Pooling(1, **pooling)

    @property
    def network(self) -> RelationNetwork:
        """The network; ValueError BR204 before there is one."""
        if self._model is None:
            raise ValueError(Errors.BR204.format(name="a relation extractor"))
        return self._model

    @property
    def inference_network(self) -> RelationNetwork:
        """The network that predicts: on a CPU a copy in int8 or half precision if it has them."""
        if not self._on_cpu or not (self._is_int8 or self._is_half):
            return self.network
        if self._fast is None:
            if self._is_int8:
                self._fast = int8_copy(self.network, half=self._is_half)
            else:
                self._fast = half_precision_copy(self.network)
        return self._fast

    @property
    def tokenizer(self) -> PieceTokenizer:
        """The tokenizer of the encoder; ValueError BR204 before there is one."""
        if self._tokenizer is None:
            raise ValueError(Errors.BR204.format(name="a relation extractor"))
        return self._tokenizer

    @property
    def optimizer(self) -> NetworkOptimizer:
        """What updates the network."""
        if self._optimizer is None:
            self._optimizer = NetworkOptimizer(self.network, self.id, rate_factors(self.network, **self.cfg["rates"]))
        return self._optimizer

    def build(
        self,
        encoder: str,
        special_tokens: dict[str, str],
        n_outputs: int,
        settings: dict[str, Any] | None = None,
        *,
        shared: bool = False,
    ) -> None:
        """Load a pre-trained encoder, which pairs of one text may have to share, and put a new head on it."""
        loaded = load_encoder(encoder, special_tokens, settings)
        pooling = Pooling(loaded.transformer.config.hidden_size, **self.cfg["pooling"])
        if loaded.pooler and self.cfg["pooling"]["cls"] == "tanh":
            pooling.cls.load_state_dict(loaded.pooler)  # type: ignore[union-attr]
        network = RelationNetwork(loaded.transformer, pooling, n_outputs, **self.cfg["head"])
        if shared:
            check_sharing(network.eval(), loaded.tokenizer, name=encoder)
        # Here, so that rates which this encoder can't have are found before the training begins.
        rate_factors(network, **self.cfg["rates"])
        self._set(network, loaded.tokenizer)

    def __call__(self, pairs: Sequence[EncodedPair], is_train: bool) -> tuple[Logits, Callable[[Logits], None]]:
        """Return logits (pairs, classes) and, in training, a function that takes their gradient.

        In training they are (pairs * samples, classes): those of one pair stand side by side.
        """
        return self._begin_update(pairs) if is_train else (self._predict(pairs), _no_backprop)

    def finish_update(self, optimizer: Optimizer) -> None:
        """Update the parameters."""
        self.optimizer.step(optimizer)
        self._fast = None

    def training_batches(self, pairs: Sequence[EncodedPair]) -> Iterator[Batch]:
        """Yield padded batches that together hold every pair once, as an update computes them."""
        step = SHORT_STEP if self._on_cpu else LENGTH_STEP
        return self._padded(pairs, cpu_budget=CPU_TRAINING_BUDGET, step=step)

    def attention(self, pairs: Sequence[EncodedPair]) -> list[NDArray[np.float32]]:
        """Return the attention weights (length,) of each pair, or an empty list if the summary is no attention."""
        if self.cfg["pooling"]["summary"] != "attention":
            return []
        weights: list[Any] = [None] * len(pairs)
        with self._inference():
            for batch in self._inference_batches(pairs):
                rows = self.inference_network.attention(batch.ids, batch.mask, batch.layout).cpu().numpy()
                for row, values in zip(batch.rows, rows, strict=True):
                    weights[row] = values[: len(pairs[row].ids)]
        return weights

    def forget_copy(self) -> None:
        """Make the copy that predicts anew when it is needed: the weights have changed."""
        self._fast = None

    @contextlib.contextmanager
    def use_params(self, params: Any) -> Iterator[None]:
        """Use other parameters for a while, such as the averages that the optimizer keeps."""
        parameters = dict(self.network.named_parameters()) if self._model is not None else {}
        others = {name: params[self.id, name] for name in parameters if (self.id, name) in params}
        own = {name: parameters[name].detach().clone() for name in others}
        self._copy_into(parameters, others)
        try:
            yield
        finally:
            self._copy_into(parameters, own)

    def to_device(self, device_type: str, device_id: int) -> None:
        """Move the network to ``cpu`` or to a GPU."""
        self._fast = None
        if self._model is not None:
            self._model.to(torch.device("cpu") if device_type == "cpu" else torch.device("cuda", device_id))

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process, or a copy, needs."""
        return {**self.__dict__, "_fast": None}

    def to_bytes(self) -> bytes:
        """Serialise the network, its encoder's configuration and its tokenizer; weights as safetensors."""
        if self._model is None or self._tokenizer is None:
            return NOTHING
        return save_network(self._model, self._tokenizer, self.cfg["pooling"])

    def from_bytes(self, data: bytes) -> "NetworkShim":
        """Rebuild the network from bytes, on the device in use, without the hub or the encoder's folder."""
        if data == NOTHING:
            self._model = self._tokenizer = self._fast = None
        else:
            network, tokenizer, self.cfg["pooling"] = restore_network(data, self.cfg["pooling"], **self.cfg["head"])
            self._set(network, tokenizer)
        return self

    def _copy_into(self, parameters: dict[str, torch.nn.Parameter], values: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, value in values.items():
                parameters[name].copy_(value)
        self._fast = None

    def _set(self, network: RelationNetwork, tokenizer: PieceTokenizer) -> None:
        use_byte_dropout(network)
        self._model = network.to(get_torch_default_device()).eval()
        self._tokenizer = tokenizer
        self._optimizer = self._fast = None

    def _predict(self, pairs: Sequence[EncodedPair]) -> Logits:
        different, rows = distinct(pairs)
        logits = np.zeros((len(different), self.network.classifier.out_features), dtype=np.float32)
        with self._inference():
            for batch in self._inference_batches(different):
                logits[batch.rows] = self.inference_network(*batch[1:]).cpu().numpy()
        return logits[rows]

    def _begin_update(self, pairs: Sequence[EncodedPair]) -> tuple[Logits, Callable[[Logits], None]]:
        self.network.train()
        samples, outputs = self.network.samples, []
        with self._autocast():
            for batch in self.training_batches(pairs):
                rows = (batch.rows[:, None] * samples + np.arange(samples)).ravel()
                outputs.append((rows, self.network(*batch[1:])))
        logits = np.zeros((len(pairs) * samples, self.network.classifier.out_features), dtype=np.float32)
        for rows, output in outputs:
            logits[rows] = output.detach().cpu().numpy()

        def backprop(d_logits: Logits) -> None:
            for rows, output in outputs:
                output.backward(torch.from_numpy(d_logits[rows]).to(output))
            self.network.eval()

        return logits, backprop

    def _inference_batches(self, pairs: Sequence[EncodedPair]) -> Iterator[Batch]:
        return self._padded(pairs, cpu_budget=CPU_INFERENCE_BUDGET, step=SHORT_STEP, few_shapes=True)

    def _padded(
        self, pairs: Sequence[EncodedPair], *, cpu_budget: int, step: int, few_shapes: bool = False
    ) -> Iterator[Batch]:
        shared = bool(pairs) and bool(pairs[0].anchors)
        make = partial(make_shared_batches, cls_id=self.tokenizer.cls_id) if shared else make_batches
        return make(
            pairs,
            pad_id=self.tokenizer.pad_id,
            budget=min(self.budget, cpu_budget) if self._on_cpu else self.budget,
            limit=self.max_length,
            device=self.network.device,
            step=step,
            few_shapes=few_shapes,
        )

    @contextlib.contextmanager
    def _inference(self) -> Iterator[None]:
        guard_threads()
        # An update that was interrupted leaves it in training.
        self.network.eval()
        # On a CPU the network itself is in half precision then.
        with torch.inference_mode(), contextlib.nullcontext() if self._on_cpu else self._autocast():
            yield

    @property
    def _on_cpu(self) -> bool:
        return self.network.device.type == "cpu"

    @property
    def _is_int8(self) -> bool:
        return self.int8 and has_int8(torch.bfloat16 if self._is_half else torch.float32)

    @property
    def _is_half(self) -> bool:
        return self.mixed_precision and has_bfloat16(self.network.device.type)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.network.device.type, dtype=torch.bfloat16, enabled=self._is_half)


def has_bfloat16(device_type: str) -> bool:
    """Say whether a kind of device (``cpu``, ``cuda``) computes in bfloat16 faster than in single precision."""
    if device_type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device_type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()


def _no_backprop(d_logits: Logits) -> None:
    raise ValueError("There is no gradient to take back after a prediction.")
