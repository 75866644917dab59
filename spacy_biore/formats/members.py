"""The files of a corpus in many files: members of a zip archive, or what lies below a folder."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from ..errors import BioreError, Errors
from .sources import files_in, is_archive

# What zipfile raises for a member: a wrong checksum, a broken stream, too few bytes, a password, an unknown method.
_BROKEN = (BadZipFile, zlib.error, EOFError, OSError, RuntimeError)


def list_members(root: Path) -> dict[str, Path]:
    """Return the names of all files, relative to an archive or folder, and the files of the disk that hold them.

    Raises:
        BioreError: BR100 if there is nothing at ``root`` or it is neither, BR150 if the archive is broken.
    """
    if root.is_dir():
        return {path.relative_to(root).as_posix(): path for path in files_in(root)}
    if not is_archive(root):
        problem = "this format is read from a folder or a .zip archive" if root.exists() else "no such file or folder"
        raise BioreError(Errors.BR100.format(path=root, problem=problem))
    with _opened(root) as archive:
        return {member.filename: root for member in archive.infolist() if not member.is_dir()}


def find_broken(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the names of those members of archives that cannot be read, and why; ``files`` as in ``read_members``."""
    archives = [path for path in dict.fromkeys(files.values()) if is_archive(path)]
    return {name: why for path in archives for name, why in _read_archive(path, _names_in(path, files))[1].items()}


def describe_broken(broken: Mapping[str, str]) -> str:
    """Name broken members, each with the reason."""
    return ", ".join(f"{name} ({reason})" for name, reason in broken.items())


def read_members(files: Mapping[str, Path]) -> Iterator[tuple[str, bytes]]:
    """Yield a name for messages and the contents of each file; ``files`` is a part of what ``list_members`` returns.

    Raises:
        BioreError: BR100 for a file that cannot be read; BR150 for an archive with broken members, with their names.
    """
    for path in dict.fromkeys(files.values()):
        if is_archive(path):
            names = _names_in(path, files)
            contents, broken = _read_archive(path, names)
            if broken:
                raise broken_archive(path, broken, number=len(names))
            yield from ((f"{path}, member {name}", data) for name, data in contents.items())
        else:
            yield str(path), read_file(path)


def read_file(path: Path) -> bytes:
    """Return the contents of a file.

    Raises:
        BioreError: BR100 if it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise BioreError(Errors.BR100.format(path=path, problem=error.strerror or error)) from error


def broken_archive(path: Path, broken: Mapping[str, str], *, number: int) -> BioreError:
    """Make the error for an archive from which nothing, or not what is needed, can be read."""
    problem = f"{len(broken)} of {number} files in it are broken: {describe_broken(broken)}"
    return BioreError(Errors.BR150.format(path=path, problem=problem))


def _names_in(path: Path, files: Mapping[str, Path]) -> list[str]:
    return [name for name, holder in files.items() if holder == path]


def _read_archive(path: Path, names: Sequence[str]) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the contents of members by their names, and the broken ones with the reasons."""
    contents: dict[str, bytes] = {}
    broken: dict[str, str] = {}
    with _opened(path) as archive:
        for name in names:
            try:
                contents[name] = archive.read(name)
            except _BROKEN as error:
                broken[name] = str(error)
    return contents, broken


def _opened(path: Path) -> ZipFile:
    try:
        return ZipFile(path)
    except OSError as error:
        raise BioreError(Errors.BR100.format(path=path, problem=error.strerror or error)) from error
    except BadZipFile as error:
        raise BioreError(Errors.BR150.format(path=path, problem=error)) from error
