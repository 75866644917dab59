"""The state of a training that was interrupted, and spaCy's loop going on from it."""

import json
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.training import Example
from thinc.api import Optimizer

from ..errors import BioreError, Errors, Warnings
from .randomness import Draws, Randomness, get_randomness, set_randomness
from .state import restore_training, training_state

Batch = tuple[int, list[Example]]
Score = tuple[float, dict[str, Any]]

# Seconds between two states, each of which holds the weights four times: their averages and two moments besides.
INTERVAL = 600.0


class Continuation:
    """What spaCy's training loop takes for the pipeline; it keeps the state of the training, and goes on from one.

    The loop can't begin in the middle. It passes once more through the batches that an earlier process learned from,
    but no update is made, and what was scored on the way comes from the state.

    Args:
        nlp: The pipeline.
        pipes: What learns in it.
        optimizer: What updates it.
        evaluate: Scores it.
        path: File of the state.
        identity: What makes the training this training, as JSON data. The state of another one is of no use.

    Raises:
        BioreError: BR514 for a file that is no state.
    """

    def __init__(
        self,
        nlp: Language,
        pipes: Sequence[TrainablePipe],
        optimizer: Optimizer,
        evaluate: Callable[[], Score],
        path: Path,
        identity: Any,
    ) -> None:
        self._nlp, self._pipes, self._optimizer, self._evaluate = nlp, pipes, optimizer, evaluate
        self._path, self._identity = path, json.dumps(identity, sort_keys=True)
        state = _load(path) if path.exists() else None
        self._state = state if state and state["identity"] == self._identity else None
        self.start: int = self._state["step"] if self._state else 0
        self._evaluations: dict[int, Any] = dict(json.loads(self._state["evaluations"])) if self._state else {}
        self._drawn = {n: Randomness(*states) for n, states in self._state["drawn"].items()} if self._state else {}
        self._earlier_seconds: float = self._state["seconds"] if self._state else 0.0
        self._step = 0
        self._losses: dict[str, float] = {}
        self._begun = time.monotonic()
        self._next_save = self._begun + INTERVAL

    @property
    def is_repeating(self) -> bool:
        """Whether the present update was made by an earlier process."""
        return self._step < self.start

    @property
    def seconds(self) -> float:
        """What the training took, in earlier processes until their states and in this one."""
        return self._earlier_seconds + time.monotonic() - self._begun

    @property
    def pipeline(self) -> list[tuple[str, Any]]:
        """The components that the loop lets finish an update."""
        return [] if self.is_repeating else self._nlp.pipeline

    def use_params(self, params: dict[Any, Any]) -> AbstractContextManager[None]:
        """As ``Language.use_params``."""
        return self._nlp.use_params(params)

    def draw(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Yield the batches, those of an earlier process as they were, whatever random numbers its updates took."""
        return Draws(batches, self._drawn)

    def before_update(self, step: int) -> None:
        """Keep the state if it is time, or take up the one to go on from."""
        self._step = step
        if step > self.start and time.monotonic() >= self._next_save:
            self._save()
        elif step == self.start and self._state:
            restore_training(self._state, self._pipes, self._optimizer)
            set_randomness(Randomness(*self._state["random"]))

    def save_soon(self) -> None:
        """Keep the state before the next update: a model that was saved must belong to it."""
        self._next_save = 0.0

    def update(self, examples: Sequence[Example], *, losses: dict[str, float], **settings: Any) -> dict[str, float]:
        """As ``Language.update``."""
        if not self.is_repeating:
            if self._state:
                losses.update(self._state["losses"])
                self._state = None
            self._nlp.update(examples, losses=losses, **settings)
        self._losses = losses
        return losses

    def evaluate(self) -> Score:
        """Return what spaCy's evaluation callback returns."""
        if self.is_repeating:
            score, scores, losses = self._evaluations[self._step]
            self._losses.update(losses)
        else:
            score, scores = self._evaluate()
            self._evaluations[self._step] = score, scores, self._losses
        # The loop begins another dict now.
        self._losses = {}
        return score, scores

    def _save(self) -> None:
        partial = self._path.with_name(f".{self._path.name}.partial")
        try:
            torch.save(self._present_state(), partial)
            partial.replace(self._path)
        except Exception as error:
            # Be it a full disk or a component that can't be saved so: the training itself can go on.
            warnings.warn(Warnings.BRW54.format(path=self._path, problem=error), stacklevel=2)
        finally:
            partial.unlink(missing_ok=True)
        self._next_save = time.monotonic() + INTERVAL

    def _present_state(self) -> dict[str, Any]:
        return {
            "identity": self._identity,
            "step": self._step,
            "seconds": self.seconds,
            "losses": {name: float(loss) for name, loss in self._losses.items()},
            "evaluations": json.dumps(list(self._evaluations.items()), default=_plain, skipkeys=True),
            "drawn": {number: tuple(states) for number, states in self._drawn.items()},
            "random": tuple(get_randomness()),
            **training_state(self._pipes, self._optimizer),
        }


def _plain(value: Any) -> float | str:
    """Return a number that is none of Python's as one, and anything else, which no table shows, as text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


def _load(path: Path) -> dict[str, Any]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, UnpicklingError) as error:
        problem = str(error).partition("\n")[0]
        raise BioreError(Errors.BR514.format(path=path, problem=problem)) from error
    if not isinstance(state, dict) or "identity" not in state:
        raise BioreError(Errors.BR514.format(path=path, problem="something else is in it"))
    return state
