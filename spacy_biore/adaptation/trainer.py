"""transformers' Trainer with a loss at masked pieces only and a schedule that may follow the clock."""

import math
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ExportableState, PrinterCallback

from .masked_lm import MaskedLoss

# What a checkpoint's last file is called; without it, or with a part of it, the checkpoint was cut off.
STATE_FILE = "trainer_state.json"
# With a head that is new, this share of the run passes before the encoder changes.
HEAD_SHARE = 0.02


class Clock(TrainerCallback, ExportableState):
    """Knows how far a run is, evaluates and saves at even shares of it, and ends it.

    The time that a run took before it was interrupted counts, and that of evaluations and checkpoints.

    Args:
        minutes: Length of the run; None for one that is measured in updates.
        evaluations: Number of evaluations, evenly spread.
        patience: Stop after so many evaluations without improvement; 0 for never.
        save_minutes: Minutes between checkpoints.
        head_share: Share of the run in which the encoder is frozen and a new head learns alone.
    """

    def __init__(
        self, *, minutes: float | None, evaluations: int, patience: int, save_minutes: float, head_share: float
    ) -> None:
        self.minutes = minutes
        self.evaluations = evaluations
        self.patience = patience
        self.save_minutes = save_minutes
        self.head_share = head_share
        self.interrupted = False
        self.ended = False
        self.max_steps = 0
        self.elapsed = 0.0
        self.learning = 0.0
        self.pieces = 0
        self.unread = 0
        self.evaluated = 0
        self.worse = 0
        self._last = self._resting = self._saved = time.monotonic()

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps of it."""
        kept = ("elapsed", "learning", "pieces", "evaluated", "worse", "ended")
        return {"args": {}, "attributes": {name: getattr(self, name) for name in kept}}

    def figures(self) -> dict[str, float]:
        """Return the minutes and word pieces so far, and the word pieces in a second of learning."""
        rate = self.pieces / self.learning if self.learning else 0.0
        return {"minutes": self.elapsed / 60, "pieces": self.pieces, "pieces_per_second": rate}

    def share(self, step: int) -> float:
        """Return how much of the run is done after a number of updates, from 0 to 1."""
        if self.minutes:
            return min(1.0, self.elapsed / (60 * self.minutes))
        return min(1.0, step / self.max_steps) if self.max_steps else 0.0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Take up the time of a run that is resumed, and freeze the encoder while the head learns alone."""
        for name, value in state.stateful_callbacks[type(self).__name__]["attributes"].items():
            setattr(self, name, value)
        if state.best_model_checkpoint:
            # The folder may have been moved, or be named in another way now.
            state.best_model_checkpoint = str(Path(args.output_dir) / Path(state.best_model_checkpoint).name)
        self.max_steps = state.max_steps
        self._last = self._resting = self._saved = time.monotonic()
        _freeze(kwargs["model"], frozen=self.share(state.global_step) < self.head_share)

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Number the pass over the text; of one that is resumed, the share that was read is left out."""
        kwargs["train_dataloader"].dataset.number_of_pass = int(state.epoch or 0)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Decide what follows this update."""
        now = time.monotonic()
        self.elapsed += now - self._last
        self.learning += now - max(self._last, self._resting)
        self._last = now
        self.elapsed, unsaved, interrupted = _greatest((self.elapsed, now - self._saved, self.interrupted), args.device)
        self.interrupted = bool(interrupted)
        self.pieces += _total(self.unread, args.device)
        self.unread = 0
        share = self.share(state.global_step)
        _freeze(kwargs["model"], frozen=share < self.head_share)
        if math.floor(share * self.evaluations) > self.evaluated:
            self.evaluated = math.floor(share * self.evaluations)
            control.should_evaluate = control.should_log = True
        self.ended = self.ended or share >= 1.0
        control.should_training_stop = self.ended or self.interrupted
        control.should_save = control.should_training_stop or unsaved > 60 * self.save_minutes

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Keep the best state if the run is to stop when nothing improves."""
        self._resting = time.monotonic()
        if not self.patience:
            return
        loss = kwargs["metrics"]["eval_loss"]
        if state.best_metric is None or loss < state.best_metric:
            self.worse = 0
            state.best_metric = loss
            if state.global_step:
                state.best_model_checkpoint = str(Path(args.output_dir) / f"checkpoint-{state.global_step}")
                control.should_save = True
        else:
            self.worse += 1
            if self.worse >= self.patience:
                self.ended = control.should_training_stop = control.should_save = True

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Note when it was."""
        self._resting = self._saved = time.monotonic()


class MaskedTrainer(Trainer):
    """A Trainer of masked language models.

    Args:
        clock: Says how far the run is.
        warmup: Share of the run in which the rate rises; it falls to 0 in the rest.
        callbacks: Further callbacks.
        kwargs: Arguments of Trainer.
    """

    def __init__(self, *, clock: Clock, warmup: float, callbacks: Sequence[Any] = (), **kwargs: Any) -> None:
        self.clock = clock
        self.warmup = warmup
        self.masked_loss = MaskedLoss(kwargs["model"])
        super().__init__(callbacks=[clock, *callbacks], **kwargs)
        self.remove_callback(PrinterCallback)
        # The loss is a mean, so that Trainer divides it by the number of accumulated batches.
        self.model_accepts_loss_kwargs = False

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the mean cross-entropy over the masked pieces of a batch."""
        if model.training:
            self.clock.unread += int(inputs["attention_mask"].sum())
        loss = self.masked_loss(model, inputs)
        return (loss, {"loss": loss}) if return_outputs else loss

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Log with the time and the pieces that it took to come here."""
        super().log({**logs, **self.clock.figures()}, *args, **kwargs)

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Make the schedule of the rate: up, then down to 0, by share of the run."""
        self.clock.max_steps = num_training_steps
        if self.lr_scheduler is None:
            self.lr_scheduler: Any = torch.optim.lr_scheduler.LambdaLR(
                optimizer or self.optimizer, lambda step: self._rate(step)
            )
        return self.lr_scheduler

    def _rate(self, step: int) -> float:
        # The first of so many updates has a rate above 0 already, and the last one still.
        rise = self.clock.share(step + 1) / self.warmup if self.warmup else 1.0
        fall = (1.0 - self.clock.share(step)) / (1.0 - self.warmup)
        return min(rise, fall, 1.0)


def last_checkpoint(folder: Path) -> Path | None:
    """Return the newest checkpoint that was written completely, and remove those that were not."""
    for path in folder.glob("checkpoint-*"):
        if not _is_complete(path):
            shutil.rmtree(path)
    return max(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _is_complete(checkpoint: Path) -> bool:
    try:
        TrainerState.load_from_json(str(checkpoint / STATE_FILE))
    except (OSError, ValueError, TypeError):
        return False
    return True


def _greatest(values: Sequence[float], device: torch.device) -> list[float]:
    """Return the greatest value of all processes of a run, so that all of them decide alike."""
    shared = torch.tensor(values, dtype=torch.float64, device=device)
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(shared, torch.distributed.ReduceOp.MAX)
    return shared.tolist()


def _total(number: int, device: torch.device) -> int:
    """Return the sum of a number over all processes of a run."""
    shared = torch.tensor(number, device=device)
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(shared)
    return int(shared)


def _freeze(model: Any, *, frozen: bool) -> None:
    for parameter in model.base_model.parameters():
        parameter.requires_grad_(not frozen)
