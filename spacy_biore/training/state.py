"""All that the updates of a training change: weights, and what the optimizer knows of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from spacy.pipeline import TrainablePipe
from thinc.api import Model, Optimizer, Shim, get_current_ops
from thinc.util import to_numpy

from ..model.shim import NetworkShim

# What a thinc Optimizer keeps of each parameter, by its owner's id and its name.
MOMENTS = ("mom1", "mom2", "averages")


def training_state(pipes: Sequence[TrainablePipe], optimizer: Optimizer) -> dict[str, Any]:
    """Return the state as torch can save it, and load it with ``weights_only``.

    Args:
        pipes: What learns.
        optimizer: What updates it.
    """
    nodes, shims = list(_nodes(pipes)), list(_shims(pipes))
    places = {key: place for place, key in enumerate(_keys(nodes, shims))}
    kept: dict[str, Any] = {name: getattr(optimizer, name) or {} for name in MOMENTS}
    return {
        "nodes": [{name: _tensor(node.get_param(name)) for name in _params(node)} for node in nodes],
        "shims": [shim._model.state_dict() for shim in shims],
        "optimizers": [shim.optimizer.state() for shim in shims if isinstance(shim, NetworkShim)],
        "moments": {
            name: [(places[key], _tensor(value), isinstance(value, torch.Tensor)) for key, value in values.items()]
            for name, values in kept.items()
        },
        "updates": [(places[key], number) for key, number in optimizer.nr_update.items()],
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_training(state: Mapping[str, Any], pipes: Sequence[TrainablePipe], optimizer: Optimizer) -> None:
    """Go on from what ``training_state`` returned for a pipeline of the same config."""
    nodes, shims = list(_nodes(pipes)), list(_shims(pipes))
    keys, ops = _keys(nodes, shims), get_current_ops()
    for node, params in zip(nodes, state["nodes"], strict=True):
        for name, value in params.items():
            node.set_param(name, ops.asarray(value.numpy()))  # type: ignore[arg-type]
    for shim, weights in zip(shims, state["shims"], strict=True):
        shim._model.load_state_dict(weights)
    ours = [shim for shim in shims if isinstance(shim, NetworkShim)]
    for shim, known in zip(ours, state["optimizers"], strict=True):
        shim.optimizer.restore(known)
        shim.forget_copy()
    devices = {shim.id: shim.network.device for shim in ours}
    for moment, values in state["moments"].items():
        for place, value, is_torch in values:
            key = keys[place]
            getattr(optimizer, moment)[key] = value.to(devices[key[0]]) if is_torch else ops.asarray(value.numpy())
    for place, number in state["updates"]:
        optimizer.nr_update[keys[place]] = number
    for device, generator in enumerate(state["cuda"][: torch.cuda.device_count()]):
        torch.cuda.set_rng_state(generator, device)


def _nodes(pipes: Sequence[TrainablePipe]) -> Iterator[Model]:
    for pipe in pipes:
        yield from pipe.model.walk()


def _shims(pipes: Sequence[TrainablePipe]) -> Iterator[Shim]:
    for node in _nodes(pipes):
        yield from node.shims


def _keys(nodes: Sequence[Model], shims: Sequence[Shim]) -> list[tuple[int, str]]:
    """Return the keys of all parameters in an optimizer, in an order that does not depend on the ids of this process.

    A node and a shim may have one id; it takes the name to tell whose a key is.
    """
    keys = [(node.id, name) for node in nodes for name in node.param_names]
    return keys + [(shim.id, name) for shim in shims for name, _ in shim._model.named_parameters()]


def _params(node: Model) -> list[str]:
    return [name for name in node.param_names if node.has_param(name)]


def _tensor(value: Any) -> torch.Tensor:
    return value if isinstance(value, torch.Tensor) else torch.from_numpy(np.array(to_numpy(value)))
