"""AdamW over the parameters of a network, steered by the optimizer that spaCy's training loop hands over."""

import torch
from thinc.api import Optimizer
from torch import nn

from ..errors import BioreError, Errors


class NetworkOptimizer:
    """Fused AdamW with the settings of a thinc Optimizer, read at every step so that its schedules apply.

    thinc updates one array at a time and clips each by itself; here all parameters are updated in one call, and
    ``grad_clip`` limits the norm of the whole gradient, as is usual for transformers. ``L2`` is decoupled weight decay
    and spares biases and layer norms.
    """

    def __init__(self, network: nn.Module) -> None:
        decayed: list[nn.Parameter] = []
        spared: list[nn.Parameter] = []
        for parameter in network.parameters():
            (decayed if parameter.ndim > 1 else spared).append(parameter)
        self._parameters = [*decayed, *spared]
        groups = [{"params": decayed, "decays": True}, {"params": spared, "decays": False}]
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
            group["lr"] = settings.learn_rate
            group["betas"] = (settings.b1, settings.b2)
            group["eps"] = settings.eps
            group["weight_decay"] = settings.L2 if group["decays"] else 0.0
        if settings.grad_clip:
            nn.utils.clip_grad_norm_(self._parameters, settings.grad_clip)
        self._adam.step()
        self._adam.zero_grad()
