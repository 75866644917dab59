"""The files of a corpus in many files: members of a zip archive, or what lies below a folder."""

import zlib
from collections.abc import Iterator, Mapping
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


def read_members(files: Mapping[str, Path]) -> Iterator[tuple[str, bytes]]:
    """Yield a name for messages and the contents of each file; ``files`` is a part of what ``list_members`` returns.

    Raises:
        BioreError: BR100 for a file that cannot be read; BR150 for an archive with broken members, with their number.
    """
    for path in dict.fromkeys(files.values()):
        if is_archive(path):
            yield from _read_archive(path, [name for name, holder in files.items() if holder == path])
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


def _read_archive(path: Path, names: list[str]) -> list[tuple[str, bytes]]:
    contents: list[tuple[str, bytes]] = []
    broken: list[str] = []
    with _opened(path) as archive:
        for name in names:
            try:
                contents.append((f"{path}, member {name}", archive.read(name)))
            except _BROKEN as error:
                broken.append(f"{name} ({error})")
    if broken:
        problem = f"{len(broken)} of {len(names)} files in it are broken, the first is {broken[0]}"
        raise BioreError(Errors.BR150.format(path=path, problem=problem))
    return contents


def _opened(path: Path) -> ZipFile:
    try:
        return ZipFile(path)
    except OSError as error:
        raise BioreError(Errors.BR100.format(path=path, problem=error.strerror or error)) from error
    except BadZipFile as error:
        raise BioreError(Errors.BR150.format(path=path, problem=error)) from error
