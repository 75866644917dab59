"""The state of a training that was interrupted, and spaCy's loop going on from it."""

import json
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import Optimizer

from ..component import RelationExtractor
from ..errors import BioreError, Errors
from ..model.architecture import get_shim

Score = tuple[float, dict[str, Any]]

# Seconds between two states, each of which holds the weights four times: their averages and two moments besides.
INTERVAL = 600.0


class Continuation:
    """What spaCy's training loop takes for the pipeline; it keeps the state of the training, and goes on from one.

    The loop can't begin in the middle. It passes once more through the batches that an earlier process learned from,
    but no update is made, and what was scored on the way comes from the state.

    Args:
        nlp: The pipeline.
        learners: What learns in it.
        optimizer: What updates it.
        evaluate: Scores it.
        path: File of the state; None to keep none.

    Raises:
        BioreError: BR514 for a state that can't be read.
    """

    def __init__(
        self,
        nlp: Language,
        learners: Sequence[RelationExtractor],
        optimizer: Optimizer,
        evaluate: Callable[[], Score],
        path: Path | None,
    ) -> None:
        self._nlp, self._learners, self._optimizer, self._evaluate = nlp, learners, optimizer, evaluate
        self._path = path
        self._state = _load(path) if path and path.exists() else None
        self.start: int = self._state["step"] if self._state else 0
        self._evaluations: dict[int, Any] = dict(json.loads(self._state["evaluations"])) if self._state else {}
        self._earlier_seconds: float = self._state["seconds"] if self._state else 0.0
        self._step = 0
        self._losses: dict[str, float] = {}
        self._begun = self._saved = time.monotonic()

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

    def before_update(self, step: int) -> None:
        """Keep the state if it is time, or take up the one to go on from."""
        self._step = step
        if step > self.start and self._path and time.monotonic() - self._saved >= INTERVAL:
            self._save(self._path)
        elif step == self.start and self._state:
            self._restore(self._state)

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

    def _save(self, path: Path) -> None:
        state = {
            "step": self._step,
            "seconds": self.seconds,
            "losses": self._losses,
            "evaluations": json.dumps(list(self._evaluations.items()), default=float),
            "random": _random_state(),
            "learners": [get_shim(pipe.model).optimizer.state(self._optimizer) for pipe in self._learners],
        }
        partial = path.with_name(f".{path.name}.partial")
        torch.save(state, partial)
        partial.replace(path)
        self._saved = time.monotonic()

    def _restore(self, state: dict[str, Any]) -> None:
        for pipe, saved in zip(self._learners, state["learners"], strict=True):
            shim = get_shim(pipe.model)
            shim.optimizer.restore(saved, self._optimizer)
            shim.forget_copy()
        _set_random_state(state["random"])


def _load(path: Path) -> dict[str, Any]:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, UnpicklingError) as error:
        raise BioreError(Errors.BR514.format(path=path, problem=error)) from error


def _random_state() -> dict[str, Any]:
    """Return the states of all generators that a training draws from."""
    name, keys, *rest = np.random.get_state()
    return {
        "python": json.dumps(random.getstate()),
        "numpy": json.dumps([name, np.asarray(keys).tolist(), *rest]),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def _set_random_state(state: dict[str, Any]) -> None:
    version, keys, gauss = json.loads(state["python"])
    random.setstate((version, tuple(keys), gauss))
    np.random.set_state(tuple(json.loads(state["numpy"])))
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])
