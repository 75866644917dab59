"""The figures of a run as they come: loss, held-out perplexity, word pieces, minutes."""

import math
from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback

from ..errors import BioreError, Errors
from .trainer import Clock


class Curve(TrainerCallback):
    """Gathers the figures of a run, and shows each as it comes.

    Args:
        clock: Knows time and pieces.
        row: Called with each point.
    """

    def __init__(self, clock: Clock, row: Callable[[dict[str, Any]], None]) -> None:
        self.clock = clock
        self.row = row
        self.points: list[dict[str, Any]] = []
        self._loss: float | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take up the points of a run that is resumed."""
        for entry in state.log_history:
            self._take(entry, entry["step"], show=False)

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take what was just logged.

        Raises:
            BioreError: BR410 if the loss is not a number.
        """
        self._take(state.log_history[-1], state.global_step, show=state.is_world_process_zero)

    def _take(self, entry: dict[str, Any], step: int, *, show: bool) -> None:
        for name in ("loss", "eval_loss"):
            if not math.isfinite(entry.get(name, 0.0)):
                raise BioreError(Errors.BR410.format(step=step))
        self._loss = entry.get("loss", self._loss)
        if "eval_loss" not in entry:
            return
        point = {
            "step": step,
            "pieces": entry["pieces"],
            "minutes": entry["minutes"],
            "loss": self._loss,
            "held_out_loss": entry["eval_loss"],
            "perplexity": math.exp(entry["eval_loss"]),
        }
        self.points.append(point)
        if show:
            self.row(point)
