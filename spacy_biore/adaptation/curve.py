"""The figures of a run as they come: loss, held-out perplexity, word pieces, minutes."""

import math
from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback

from ..errors import BioreError, Errors
from .trainer import Clock

# Nats; the perplexity of a greater loss is no number any more. A model that guesses loses about 10.
LARGEST_LOSS = 700.0


class Curve(TrainerCallback):
    """Gathers the figures of a run, and shows each as it comes.

    Args:
        clock: Knows time and pieces.
        row: Called with each point.
        advance: Called after each update with the share of the run that is done.
    """

    def __init__(self, clock: Clock, row: Callable[[dict[str, Any]], None], advance: Callable[[float], None]) -> None:
        self.clock = clock
        self.row = row
        self.advance = advance
        self.points: list[dict[str, Any]] = []
        self._loss: float | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take up the points of a run that is resumed."""
        for entry in state.log_history:
            self._take(entry, entry["step"], show=False)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Show how far the run is."""
        if state.is_world_process_zero:
            self.advance(self.clock.share(state.global_step))

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take what was just logged.

        Raises:
            BioreError: BR410 if the loss is not a number, or beyond all reason.
        """
        self._take(state.log_history[-1], state.global_step, show=state.is_world_process_zero)

    def _take(self, entry: dict[str, Any], step: int, *, show: bool) -> None:
        for name in ("loss", "eval_loss"):
            if not entry.get(name, 0.0) < LARGEST_LOSS:
                raise BioreError(Errors.BR410.format(step=step, loss=entry[name]))
        self._loss = entry.get("loss", self._loss)
        if "eval_loss" not in entry:
            return
        point = {
            "step": step,
            "pieces": entry["pieces"],
            "minutes": entry["minutes"],
            "pieces_per_second": entry["pieces_per_second"],
            "loss": self._loss,
            "held_out_loss": entry["eval_loss"],
            "perplexity": math.exp(entry["eval_loss"]),
        }
        self.points.append(point)
        if show:
            self.row(point)
