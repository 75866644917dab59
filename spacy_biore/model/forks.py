"""torch in a process that was forked from another, as ``nlp.pipe(n_process=2)`` does it on Linux."""

import os

import torch

# A forked process has that of its parent here; a program of its own imports this anew.
IMPORTED_IN = os.getpid()


def guard_threads() -> None:
    """Use one thread in a forked process: those of the parent's pool do not exist there, and are waited for."""
    if os.getpid() != IMPORTED_IN:
        torch.set_num_threads(1)
