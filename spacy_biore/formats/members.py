"""The files of a corpus in many files: members of a zip archive, or what lies below a folder."""

import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from ..errors import BioreError, Errors
from .sources import files_in, is_archive

# What is raised for a file, and by zipfile for a member: a wrong checksum, a broken stream, too few bytes, a password,
# an unknown method.
_BROKEN = (BadZipFile, zlib.error, EOFError, OSError, RuntimeError)


def list_members(root: Path) -> dict[str, Path]:
    """Return the names of all files, relative to an archive or folder, and the files of the disk that hold them.

    Raises:
        BioreError: BR100 if there is nothing at ``root`` or it is neither, BR150 if the archive is broken or has
            several files of one name, of which only the last could be read.
    """
    if root.is_dir():
        return {path.relative_to(root).as_posix(): path for path in files_in(root)}
    if not is_archive(root):
        problem = "this format is read from a folder or a .zip archive" if root.exists() else "no such file or folder"
        raise BioreError(Errors.BR100.format(path=root, problem=problem))
    with _opened(root) as archive:
        uses = Counter(member.filename for member in archive.infolist() if not member.is_dir())
    if repeated := [name for name, number in uses.items() if number > 1]:
        problem = f"it has several files of one name: {', '.join(repeated)}"
        raise BioreError(Errors.BR150.format(path=root, problem=problem))
    return dict.fromkeys(uses, root)


def find_broken(files: Mapping[str, Path], parse: Callable[[bytes], object]) -> dict[str, str]:
    """Return the names of those files that cannot be read, and why.

    Args:
        files: As in ``read_members``.
        parse: Raises ValueError for contents that are not those of a file of the format.
    """
    broken: dict[str, str] = {}
    for name, _, read in _readers(files):
        try:
            parse(read())
        except (*_BROKEN, ValueError) as error:
            broken[name] = _reason(error)
    return broken


def describe_broken(broken: Mapping[str, str]) -> str:
    """Name broken files, each with the reason."""
    return ", ".join(f"{name} ({reason})" for name, reason in broken.items())


def read_members(files: Mapping[str, Path]) -> Iterator[tuple[str, bytes]]:
    """Yield a name for messages and the contents of each file; ``files`` is a part of what ``list_members`` returns.

    Raises:
        BioreError: BR100 for a file that cannot be read.
    """
    for _, where, read in _readers(files):
        try:
            contents = read()
        except _BROKEN as error:
            raise BioreError(Errors.BR100.format(path=where, problem=_reason(error))) from error
        yield where, contents


def read_file(path: Path) -> bytes:
    """Return the contents of a file.

    Raises:
        BioreError: BR100 if it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise BioreError(Errors.BR100.format(path=path, problem=error.strerror or error)) from error


def all_broken(root: Path, broken: Mapping[str, str]) -> BioreError:
    """Make the error for an archive or folder of which nothing that is needed can be read."""
    problem = f"{len(broken)} of {len(broken)} files in it are broken: {describe_broken(broken)}"
    return BioreError(Errors.BR150.format(path=root, problem=problem))


def _readers(files: Mapping[str, Path]) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Yield the name of each file, its name for messages, and what reads it until the next one is asked for."""
    held: dict[Path, list[str]] = defaultdict(list)
    for name, path in files.items():
        held[path].append(name)
    for holder, names in held.items():
        if not is_archive(holder):
            yield from ((name, str(holder), holder.read_bytes) for name in names)
            continue
        with _opened(holder) as archive:
            for name in names:
                yield name, f"{holder}, member {name}", partial(archive.read, name)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _opened(path: Path) -> ZipFile:
    try:
        return ZipFile(path)
    except OSError as error:
        raise BioreError(Errors.BR100.format(path=path, problem=error.strerror or error)) from error
    except BadZipFile as error:
        raise BioreError(Errors.BR150.format(path=path, problem=error)) from error
