"""The files of a corpus in many files: members of a zip archive, or what lies below a folder."""

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from ..errors import BioreError, Errors
from .sources import files_in, is_archive

# What zipfile raises for a member: a wrong checksum, a broken stream, too few bytes, a password, an unknown method.
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
    """Return the names of those members of archives that cannot be read, and why.

    Args:
        files: As in ``read_members``.
        parse: Raises ValueError for contents that are not those of a file of the format.
    """
    archives = [path for path in dict.fromkeys(files.values()) if is_archive(path)]
    read = ((path, _names_in(path, files)) for path in archives)
    return {name: why for path, names in read for name, why in _read_archive(path, names, parse)[1].items()}


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


def _read_archive(
    path: Path, names: Sequence[str], parse: Callable[[bytes], object] = bytes
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the contents of members by their names, and the broken ones with the reasons."""
    contents: dict[str, bytes] = {}
    broken: dict[str, str] = {}
    with _opened(path) as archive:
        for name in names:
            try:
                data = archive.read(name)
                parse(data)
                contents[name] = data
            except (*_BROKEN, ValueError) as error:
                broken[name] = str(error)
    return contents, broken


def _opened(path: Path) -> ZipFile:
    try:
        return ZipFile(path)
    except OSError as error:
        raise BioreError(Errors.BR100.format(path=path, problem=error.strerror or error)) from error
    except BadZipFile as error:
        raise BioreError(Errors.BR150.format(path=path, problem=error)) from error
