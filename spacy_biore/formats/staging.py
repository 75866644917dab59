"""Files that appear all together when a piece of work has succeeded, and not at all when it has not."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from ..errors import BioreError, Errors


class Staging:
    """A context in which files are written beside their targets, and moved onto them at its end.

    If the block raises, the temporary files and the folders made for them are removed; what was at the targets stays.
    """

    def __init__(self) -> None:
        self._targets: dict[Path, Path] = {}
        self._folders: list[Path] = []

    def path(self, target: Path) -> Path:
        """Return an empty temporary file to write to in place of the target.

        Raises:
            BioreError: BR140 if there cannot be such a file.
        """
        target = target.resolve()
        if target in self._targets:
            raise BioreError(Errors.BR140.format(path=target, problem="it is to be written twice"))
        if target.is_dir():
            raise BioreError(Errors.BR140.format(path=target, problem="there is a folder of this name"))
        try:
            self._make_folder(target.parent)
            handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        except OSError as error:
            raise BioreError(Errors.BR140.format(path=target, problem=error.strerror or error)) from error
        os.close(handle)
        self._targets[target] = Path(name)
        return Path(name)

    def write(self, target: Path, save: Callable[[Path], object]) -> None:
        """Have a file written in place of the target.

        Raises:
            BioreError: BR140 if it can't be.
        """
        path = self.path(target)
        try:
            save(path)
        except OSError as error:
            raise BioreError(Errors.BR140.format(path=target, problem=error.strerror or error)) from error

    def __enter__(self) -> "Staging":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._commit()
        finally:
            self._clean()

    def _make_folder(self, folder: Path) -> None:
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        self._folders += reversed(missing)

    def _commit(self) -> None:
        # mkstemp makes files that only their owner can read; a corpus is an ordinary file.
        mask = os.umask(0)
        os.umask(mask)
        for target, temporary in self._targets.items():
            try:
                temporary.chmod(0o666 & ~mask)
                temporary.replace(target)
            except OSError as error:
                raise BioreError(Errors.BR140.format(path=target, problem=error.strerror or error)) from error
        self._targets.clear()
        self._folders.clear()

    def _clean(self) -> None:
        for temporary in self._targets.values():
            temporary.unlink(missing_ok=True)
        for folder in reversed(self._folders):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
