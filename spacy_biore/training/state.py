"""All that a training changes: weights, what the optimizer knows of them, and random numbers."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from spacy.pipeline import TrainablePipe
from thinc.api import Model, Optimizer, Shim
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
    owners: list[Any] = [*nodes, *shims]
    places = {owner.id: place for place, owner in enumerate(owners)}
    kept: dict[str, Any] = {name: getattr(optimizer, name) or {} for name in MOMENTS}
    return {
        "nodes": [{name: _tensor(node.get_param(name)) for name in _params(node)} for node in nodes],
        "shims": [shim._model.state_dict() for shim in shims],
        "optimizers": [shim.optimizer.state() for shim in shims if isinstance(shim, NetworkShim)],
        **{name: [(places[id], key, _tensor(v)) for (id, key), v in values.items()] for name, values in kept.items()},
        "updates": [(places[id], key, number) for (id, key), number in optimizer.nr_update.items()],
        "random": random_state(),
    }


def restore_training(state: Mapping[str, Any], pipes: Sequence[TrainablePipe], optimizer: Optimizer) -> None:
    """Go on from what ``training_state`` returned for a pipeline of the same config."""
    nodes, shims = list(_nodes(pipes)), list(_shims(pipes))
    for node, params in zip(nodes, state["nodes"], strict=True):
        for name, value in params.items():
            node.set_param(name, node.ops.asarray(value.numpy()))  # type: ignore[arg-type]
    for shim, weights in zip(shims, state["shims"], strict=True):
        shim._model.load_state_dict(weights)
    ours = [shim for shim in shims if isinstance(shim, NetworkShim)]
    for shim, known in zip(ours, state["optimizers"], strict=True):
        shim.optimizer.restore(known)
        shim.forget_copy()
    owners: list[Any] = [*nodes, *shims]
    ops = nodes[0].ops
    for moment in MOMENTS:
        for place, key, value in state[moment]:
            owner = owners[place]
            of_ours = isinstance(owner, NetworkShim)
            getattr(optimizer, moment)[owner.id, key] = (
                value.to(owner.network.device) if of_ours else ops.asarray(value.numpy())
            )
    for place, key, number in state["updates"]:
        optimizer.nr_update[owners[place].id, key] = number
    set_random_state(state["random"])


def random_state() -> dict[str, Any]:
    """Return the states of all generators that a training on a CPU draws from, and of torch's on GPUs."""
    name, keys, *rest = np.random.get_state()
    return {
        "python": json.dumps(random.getstate()),
        "numpy": json.dumps([name, np.asarray(keys).tolist(), *rest]),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_random_state(state: Mapping[str, Any]) -> None:
    """Set what ``random_state`` returned."""
    version, keys, gauss = json.loads(state["python"])
    random.setstate((version, tuple(keys), gauss))
    np.random.set_state(tuple(json.loads(state["numpy"])))
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])


def _nodes(pipes: Sequence[TrainablePipe]) -> Iterator[Model]:
    for pipe in pipes:
        yield from pipe.model.walk()


def _shims(pipes: Sequence[TrainablePipe]) -> Iterator[Shim]:
    for node in _nodes(pipes):
        yield from node.shims


def _params(node: Model) -> list[str]:
    return [name for name in node.param_names if node.has_param(name)]


def _tensor(value: Any) -> torch.Tensor:
    return value if isinstance(value, torch.Tensor) else torch.from_numpy(np.array(to_numpy(value)))
