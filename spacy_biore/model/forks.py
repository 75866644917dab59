"""torch in a process that was forked from another, as ``nlp.pipe(n_process=2)`` does it on Linux."""

import os

import torch


class ForkGuard:
    """Remembers the process that it was made in, and keeps torch from waiting for that process's threads in others."""

    def __init__(self) -> None:
        self._process = os.getpid()

    def __call__(self) -> None:
        """Use one thread in a forked process: those of the parent's pool do not exist there, and are waited for."""
        if os.getpid() != self._process:
            torch.set_num_threads(1)

    def __reduce__(self) -> tuple[type["ForkGuard"], tuple[()]]:
        """Return a new one where it is unpickled: another program's threads are its own."""
        return ForkGuard, ()
