"""What an adaptation run does when it is interrupted or can't write."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from ..errors import BioreError, Errors
from .trainer import Clock


@contextmanager
def stopping_at_ctrl_c(clock: Clock) -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM end the run after its update, with a checkpoint; the second ends it at once."""

    def stop(number: int, frame: Any) -> None:
        clock.interrupted = True
        signal.signal(number, previous[signal.Signals(number)])

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def enough_memory(device_tokens: int) -> Iterator[None]:
    """Say what to do where a batch does not fit into the memory of a GPU."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise BioreError(Errors.BR415.format(device_tokens=device_tokens)) from error


@contextmanager
def writing(output: Path) -> Iterator[None]:
    """Say what to do where a file can't be written."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise BioreError(Errors.BR409.format(path=output, problem=error)) from error
    except Exception as error:
        if not _is_of_the_disk(error):
            raise
        raise BioreError(Errors.BR409.format(path=output, problem=error)) from error


def _is_of_the_disk(error: Exception) -> bool:
    """Say whether torch.save or tokenizers met a full disk, for which both have errors of no kind."""
    if isinstance(error, RuntimeError):
        return "inline_container" in str(error) or "PytorchStreamWriter" in str(error)
    return type(error) is Exception and "(os error " in str(error)
