"""Which files of a folder make up which splits of a corpus."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..errors import BioreError, Errors

SPLITS = ("train", "dev", "test")

_SPLIT = re.compile(r"(?<![a-z])(train|dev|test)(?:ing|elopment)?(?:set)?(?![a-z])")


@dataclass(frozen=True)
class Source:
    """One split of a corpus.

    Attributes:
        name: Name of the split, such as ``train``. It may hold slashes: a path relative to the corpus.
        files: The files of the split, by their role; or the files that hold them, by their names in an archive.
        is_fold: Whether it is one of the folds that a corpus is divided into, which must not overlap.
        broken: Files that hold a document each and cannot be read, with the reasons.
    """

    name: str
    files: dict[str, Path]
    is_fold: bool = False
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The file of a source that has only one."""
        (path,) = self.files.values()
        return path


@dataclass(frozen=True)
class Found:
    """The splits found at a path, and the files there that belong to none, each with the reason."""

    sources: list[Source]
    skipped: dict[Path, str] = field(default_factory=dict)

    @property
    def broken(self) -> dict[str, str]:
        """The broken files of all splits, with the reasons."""
        return {name: reason for source in self.sources for name, reason in source.broken.items()}


def holds_splits(path: Path) -> bool:
    """Say whether a path may hold several splits: a folder or an archive."""
    return path.is_dir() or is_archive(path)


def is_archive(path: Path) -> bool:
    """Say whether a file is a zip archive, by its name."""
    return path.is_file() and path.suffix.lower() == ".zip"


def split_name(text: str) -> str | None:
    """Return ``train``, ``dev`` or ``test`` where a file name holds exactly one of them as a word.

    The words may end in -ing, -elopment or Set: ``CDR_TrainingSet`` is ``train``; ``TrainDev`` is neither.
    """
    found = set(_SPLIT.findall(text.lower()))
    return found.pop() if len(found) == 1 else None


def split_of(name: PurePosixPath, root: Path) -> str:
    """Name the split of one document of many after a folder that it is in, or after the root."""
    folders = [split for part in name.parts[:-1] if (split := split_name(part))]
    return folders[0] if folders else split_name(root.name) or root.stem


def find_files(root: Path, pattern: re.Pattern[str]) -> Found:
    """Find the files of a format that keeps each split in one file.

    Args:
        root: A file, whatever its name; or a folder, in which files are found recursively.
        pattern: Matches the end of the names of the format's files.

    Raises:
        BioreError: BR100 if there is nothing at ``root``, BR110 if no file of the folder fits.
    """
    if not root.exists():
        raise BioreError(Errors.BR100.format(path=root, problem="no such file or folder"))
    if not root.is_dir():
        return Found([_source(root.name, root, pattern)])
    skipped = {path: reason for path in files_in(root) if (reason := _reason_to_skip(path, pattern))}
    paths = [path for path in files_in(root) if path not in skipped]
    if not paths:
        raise BioreError(Errors.BR110.format(path=root, wanted=f"files named like '{pattern.pattern}', not empty"))
    return Found(in_order(_named(paths, pattern)), skipped)


def in_order(sources: Iterable[Source]) -> list[Source]:
    """Sort sources by folder, then train, dev, test, then name."""
    return sorted(sources, key=_order)


def files_in(root: Path) -> list[Path]:
    """Return all files below a folder, in the order of their names, also where links lead; without hidden ones.

    Raises:
        BioreError: BR100 for a folder that can't be read.
    """
    files: list[Path] = []
    entered: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True, onerror=_unreadable):
        # A link to a folder above would lead round for ever.
        is_new = os.path.realpath(folder) not in entered
        entered.add(os.path.realpath(folder))
        folders[:] = [name for name in folders if is_new and not name.startswith(".")]
        files += [Path(folder, name) for name in names if is_new and not name.startswith(".")]
    return sorted(files)


def _unreadable(error: OSError) -> None:
    raise BioreError(Errors.BR100.format(path=error.filename, problem=error.strerror)) from error


def _order(source: Source) -> tuple[str, int, str]:
    folder, _, name = source.name.rpartition("/")
    return folder, SPLITS.index(name) if name in SPLITS else len(SPLITS), name


def _reason_to_skip(path: Path, pattern: re.Pattern[str]) -> str | None:
    if not pattern.search(path.name):
        return "not a file of this format, by its name"
    if not path.exists():
        return "a link to nothing"
    return None if path.stat().st_size else "empty"


def _named(paths: Sequence[Path], pattern: re.Pattern[str]) -> list[Source]:
    """Name each file after its split, or as it is where two in one folder would get the same name."""
    root = os.path.commonpath([path.parent for path in paths])
    short = {path: path.relative_to(root).parent / (split_name(path.name) or path.name) for path in paths}
    uses = Counter(short.values())
    names = {path: name if uses[name] == 1 else path.relative_to(root) for path, name in short.items()}
    return [_source(name.as_posix(), path, pattern) for path, name in names.items()]


def _source(name: str, path: Path, pattern: re.Pattern[str]) -> Source:
    return Source(pattern.sub("", name) or name, {"file": path})
