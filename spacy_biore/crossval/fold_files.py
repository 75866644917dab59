"""Folds that are given as files: one file a fold, or a folder a fold with its own train.spacy and test.spacy."""

import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc

from ..candidates import mention_spans, to_mention
from ..errors import BioreError, Errors, Warnings
from ..formats.to_docs import SPANS_KEY
from ..relations import get_doc_id, get_group
from ..targets import mention_key
from .folds import Fold, Parts

ReadDocs = Callable[[Path], Iterable[Doc]]

# A single instance may repeat another word for word, as several do in AIMed; files that mostly do are copies.
COPIED = 0.5


class FoldFiles(NamedTuple):
    """The files of a fold."""

    name: str
    train: list[Path]
    dev: list[Path]
    test: list[Path]


class Contents(NamedTuple):
    """What a file holds.

    Attributes:
        documents: Digest of text and mentions, by id and digest.
        articles: The articles that its docs come from.
    """

    documents: set[tuple[str, bytes]]
    articles: set[str]

    @property
    def digests(self) -> set[bytes]:
        """The digests alone."""
        return {digest for _, digest in self.documents}


def find_fold_files(folder: Path) -> list[FoldFiles]:
    """Find the folds in a folder, in the order of the numbers in their names.

    Returns:
        Of each file, the fold that it is the test part of, all others being learned from; or of each folder with
        ``train.spacy`` and ``test.spacy``, and perhaps ``dev.spacy``, the fold that it is.

    Raises:
        BioreError: BR503 if there are not at least two folds, or files that do not make a fold.
    """
    if not folder.is_dir():
        raise BioreError(Errors.BR503.format(path=folder, problem="there is no such folder"))
    files = sorted(folder.glob("*.spacy"), key=_natural)
    folders = sorted({path.parent for path in folder.glob("*/*.spacy")}, key=_natural)
    if files and folders:
        raise BioreError(Errors.BR503.format(path=folder, problem=f"there are files beside folders: {files[0].name}"))
    if len(files) + len(folders) < 2:
        raise BioreError(Errors.BR503.format(path=folder, problem=f"{len(files) + len(folders)} found"))
    if files:
        return [FoldFiles(file.stem, [other for other in files if other != file], [], [file]) for file in files]
    return [_pair(path) for path in folders]


def file_folds(files: Sequence[FoldFiles], read: ReadDocs) -> list[Fold]:
    """Make folds whose docs are read from files when they are needed."""
    return [_fold(one, read) for one in files]


def check_overlaps(folds: Sequence[FoldFiles], read: ReadDocs) -> None:
    """Make sure that no fold is tested on what it learned from, and that no two are tested on the same.

    Files overlap if a document of one id, text and mentions is in both, or if most texts of one are in the other.
    Single texts under another id are a warning (BRW51), as are articles of which both have a part.

    Raises:
        BioreError: BR504 if files overlap.
    """
    paths = {path for fold in folds for path in [*fold.train, *fold.dev, *fold.test]}
    contents = {path: _read_contents(read(path)) for path in paths}
    overlaps: list[str] = []
    articles: set[str] = set()
    repeats: set[bytes] = set()
    for one, other in _apart(folds):
        a, b = contents[one], contents[other]
        same, repeated = a.documents & b.documents, a.digests & b.digests
        if same or len(repeated) > COPIED * min(len(a.digests), len(b.digests)):
            overlaps.append(f"{_short(one)} and {_short(other)} ({len(same) or len(repeated)} documents)")
        articles |= a.articles & b.articles
        repeats |= repeated
    if overlaps:
        raise BioreError(Errors.BR504.format(overlaps=", ".join(overlaps)))
    if articles or repeats:
        warnings.warn(Warnings.BRW51.format(articles=len(articles), repeats=len(repeats)), stacklevel=2)


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]


def _pair(folder: Path) -> FoldFiles:
    train, dev, test = (folder / f"{name}.spacy" for name in ("train", "dev", "test"))
    for path in (train, test):
        if not path.is_file():
            raise BioreError(Errors.BR503.format(path=folder, problem=f"it has no {path.name}"))
    return FoldFiles(folder.name, [train], [dev] if dev.is_file() else [], [test])


def _fold(files: FoldFiles, read: ReadDocs) -> Fold:
    def read_parts() -> Parts:
        return Parts(*([doc for path in paths for doc in read(path)] for paths in files[1:]))

    return Fold(files.name, read_parts)


def _apart(folds: Sequence[FoldFiles]) -> list[tuple[Path, Path]]:
    """Return the pairs of files that may share nothing."""
    pairs = {pair for fold in folds for pair in combinations([*fold.train, *fold.dev, *fold.test], 2)}
    pairs.update(combinations([path for fold in folds for path in fold.test], 2))
    return sorted({(min(pair), max(pair)) for pair in pairs})


def _read_contents(docs: Iterable[Doc]) -> Contents:
    contents = Contents(set(), set())
    for doc in docs:
        mentions = sorted(mention_key(to_mention(span)) for span in mention_spans(doc, spans_key=SPANS_KEY))
        digest = blake2b(repr((doc.text, mentions)).encode("utf8"), digest_size=16).digest()
        contents.documents.add((get_doc_id(doc), digest))
        contents.articles.add(get_group(doc))
    return contents


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
