"""The folder of a long run: it is recognised when the run goes on, and what is in it is complete or not there."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from .errors import BioreError, Errors
from .formats.sources import files_in

RUN = "run.json"
LOCK = ".lock"


def claim_folder(folder: Path, identity: dict[str, Any]) -> None:
    """Mark a folder as that of a run, or make sure that it is.

    Args:
        folder: The folder; it is made if there is none.
        identity: What makes the run this run, as JSON data.

    Raises:
        BioreError: BR407 if it belongs to another run.
    """
    path = folder / RUN
    if path.exists():
        check_same_run(folder, json.loads(path.read_text(encoding="utf8")), identity)
    else:
        write_json(path, identity)


@contextmanager
def sole_use(folder: Path) -> Iterator[None]:
    """Keep other processes off the folder of a run, for as long as it lasts.

    A folder is made if there is none, and removed again if nothing came into it.

    Raises:
        BioreError: BR419 if another process has it.
    """
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise BioreError(Errors.BR419.format(folder=folder)) from error
    try:
        yield
    finally:
        # Where an open file can't be removed, releasing it does that.
        with suppress(OSError):
            path.unlink()
        lock.release()
        if is_new:
            with suppress(OSError):
                folder.rmdir()


def refuse_foreign(folder: Path) -> None:
    """Make sure that a folder which a new run will empty holds nothing.

    Raises:
        BioreError: BR420 if it does.
    """
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name != _partial(RUN):
            raise BioreError(Errors.BR420.format(folder=folder, file=path.name))


def empty_folder(folder: Path) -> None:
    """Remove what is in the folder of a run; what says whose it is comes last, so that it stays known if killed."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != RUN:
            path.unlink()
    (folder / RUN).unlink()


def check_same_run(folder: Path, found: dict[str, Any], identity: dict[str, Any]) -> None:
    """Make sure that a folder's run is this one.

    Raises:
        BioreError: BR407 if it is another.
    """
    different = sorted(key for key in {*found, *identity} if found.get(key) != identity.get(key))
    if different:
        raise BioreError(Errors.BR407.format(folder=folder, different=", ".join(different)))


def digest_path(path: Path) -> str:
    """Return the SHA-256 of a file and its name, or of all files of a folder and theirs, also where links lead.

    Raises:
        BioreError: BR100 for what can't be read.
    """
    digest = hashlib.sha256()
    for file in files_in(path) if path.is_dir() else [path]:
        if file.is_file() and file.name != LOCK:
            digest.update(file.name.encode() + b"\0")
            try:
                with file.open("rb") as stream:
                    while block := stream.read(1 << 20):
                        digest.update(block)
            except OSError as error:
                raise BioreError(Errors.BR100.format(path=file, problem=error.strerror)) from error
    return digest.hexdigest()


def write_json(path: Path, data: Any) -> None:
    """Write data as readable JSON. Whenever the process is killed, the file is complete or as it was before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(_partial(path.name))
    partial.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf8")
    partial.replace(path)


def _partial(name: str) -> str:
    return f".{name}.partial"
