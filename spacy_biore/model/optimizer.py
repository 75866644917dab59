"""AdamW over the parameters of a network, steered by the optimizer that spaCy's training loop hands over."""

from collections.abc import Mapping
from typing import Any

import torch
from thinc.api import Optimizer
from torch import nn

from ..errors import BioreError, Errors

# Polynomial-decay averaging (Shamir & Zhang 2013): four fifths of the weight lie on the last third of the updates.
POWER = 3


class NetworkOptimizer:
    """Fused AdamW with the settings of a thinc Optimizer, read at every step so that its schedules apply.

    thinc updates one array at a time and clips each by itself; here all parameters are updated in one call, and
    ``grad_clip`` limits the norm of the whole gradient, as is usual for transformers. ``L2`` is decoupled weight decay
    and spares biases and layer norms. With ``use_averages`` the parameters are averaged, mostly over the last third of
    the updates; the averages are kept in ``averages`` of the thinc Optimizer, where spaCy's training loop finds them
    when it scores and saves.

    Args:
        network: What is trained.
        id: First part of the keys of the averages; the second is the name of a parameter.
        factors: Of parameters, by name, that have another learning rate than that of the settings: what it is
            multiplied with.
    """

    def __init__(self, network: nn.Module, id: int, factors: Mapping[str, float] | None = None) -> None:
        self._keys = [(id, name) for name, _ in network.named_parameters()]
        self._named: list[torch.Tensor] = [parameter for _, parameter in network.named_parameters()]
        self._steps = 0
        members: dict[tuple[bool, float], list[nn.Parameter]] = {}
        for name, parameter in network.named_parameters():
            members.setdefault((parameter.ndim > 1, (factors or {}).get(name, 1.0)), []).append(parameter)
        groups: list[dict[str, Any]] = [
            {"params": members[decays, factor], "decays": decays, "factor": factor}
            for decays, factor in sorted(members, reverse=True)
        ]
        self._parameters = [parameter for group in groups for parameter in group["params"]]
        self._adam = torch.optim.AdamW(groups, fused=True)

    def step(self, settings: Optimizer) -> None:
        """Update the parameters from their gradients, and clear these; do nothing where there are none.

        Raises:
            BioreError: BR034 for settings of another optimizer than Adam with decoupled weight decay.
        """
        if settings.use_radam or not (settings.b1 and settings.b2) or (settings.L2 and not settings.L2_is_weight_decay):
            raise BioreError(Errors.BR034)
        if all(parameter.grad is None for parameter in self._parameters):
            return
        for group in self._adam.param_groups:
            # Schedules may yield numbers of numpy, with which the state could not be loaded.
            group["lr"] = float(settings.learn_rate * group["factor"])
            group["betas"] = (float(settings.b1), float(settings.b2))
            group["eps"] = float(settings.eps)
            group["weight_decay"] = float(settings.L2) if group["decays"] else 0.0
        if settings.grad_clip:
            nn.utils.clip_grad_norm_(self._parameters, settings.grad_clip)
        self._adam.step()
        self._adam.zero_grad()
        if settings.averages is not None:
            self._average(settings.averages)

    def state(self) -> dict[str, Any]:
        """Return what a later process needs to go on from here, besides parameters and averages."""
        return {"steps": self._steps, "adam": self._adam.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what ``state`` returned for a network of the same shape."""
        self._steps = state["steps"]
        self._adam.load_state_dict(state["adam"])

    def _average(self, averages: dict[Any, Any]) -> None:
        """Take the present parameters into the averages; those after update t weigh as t to the power of POWER."""
        if self._keys[0] not in averages:  # another optimizer's than before, or the first
            self._steps = 0
        self._steps += 1
        with torch.no_grad():
            if self._steps == 1:
                averages.update((key, p.clone()) for key, p in zip(self._keys, self._named, strict=True))
                return
            weight = (POWER + 1) / (self._steps + POWER)
            torch._foreach_lerp_([averages[key] for key in self._keys], self._named, weight)
