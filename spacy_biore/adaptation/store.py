"""Text as word pieces on disk, so that memory does not grow with it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ..model.pieces import running_text_tokenizer

# Bits of a piece's flags.
STARTS_WORD = 1
STARTS_SENTENCE = 2
SPECIAL = 4

SentenceStarts = Callable[[str], list[int]]
BATCH = 256
# Pieces that are read from disk at once.
STRETCH = 1 << 20
PIECES, FLAGS, COUNTS = "pieces.i32", "flags.u8", "counts.json"


@dataclass(frozen=True)
class PieceStore:
    """Word pieces of documents that follow each other; a separating piece ends each.

    Attributes:
        pieces: (pieces,) ids.
        flags: (pieces,) bits of each piece.
        counts: Numbers of documents, words and pieces.
    """

    pieces: NDArray[np.int32]
    flags: NDArray[np.uint8]
    counts: dict[str, int]

    @classmethod
    def open(cls, folder: Path) -> "PieceStore":
        """Map the files of a folder into memory."""
        counts = json.loads((folder / COUNTS).read_text(encoding="utf8"))
        return cls(_map(folder / PIECES, np.int32), _map(folder / FLAGS, np.uint8), counts)

    def count_pieces(self, vocabulary: int) -> NDArray[np.int64]:
        """Return how often each piece of a vocabulary occurs (vocabulary,)."""
        total = np.zeros(vocabulary, dtype=np.int64)
        for start in range(0, len(self.pieces), STRETCH):
            total += np.bincount(self.pieces[start : start + STRETCH], minlength=vocabulary)
        return total


class PieceWriter:
    """Writes the files of a ``PieceStore``; a context manager that writes the counts last.

    Args:
        folder: Where to.
        tokenizer: Makes the pieces. Its truncation and padding are not used.
        sep_id: The piece that ends each document.
        sentence_starts: Returns the characters at which sentences start; None if they are not needed.
    """

    def __init__(
        self, folder: Path, tokenizer: Tokenizer, *, sep_id: int, sentence_starts: SentenceStarts | None = None
    ) -> None:
        self.folder = folder
        self.tokenizer = running_text_tokenizer(tokenizer.to_str())
        self.sep_id = sep_id
        self.sentence_starts = sentence_starts
        self.counts = {"documents": 0, "words": 0, "pieces": 0}
        self._waiting: list[str] = []

    def __enter__(self) -> "PieceWriter":
        self.folder.mkdir(parents=True, exist_ok=True)
        self._pieces = (self.folder / PIECES).open("wb")
        self._flags = (self.folder / FLAGS).open("wb")
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is None:
            self._flush()
            (self.folder / COUNTS).write_text(json.dumps(self.counts), encoding="utf8")
        self._pieces.close()
        self._flags.close()

    def add(self, text: str) -> None:
        """Add a document."""
        self._waiting.append(text)
        if len(self._waiting) == BATCH:
            self._flush()

    def _flush(self) -> None:
        encodings = self.tokenizer.encode_batch(self._waiting, add_special_tokens=False)
        for text, encoding in zip(self._waiting, encodings, strict=True):
            flags = _flags(encoding, self.sentence_starts(text) if self.sentence_starts else [])
            np.asarray([*encoding.ids, self.sep_id], dtype=np.int32).tofile(self._pieces)
            np.append(flags, np.uint8(SPECIAL)).tofile(self._flags)
            self.counts["documents"] += 1
            self.counts["words"] += int(((flags & STARTS_WORD) > 0).sum())
            self.counts["pieces"] += len(flags)
        self._waiting = []


def _flags(encoding: Any, sentence_chars: list[int]) -> NDArray[np.uint8]:
    words = np.asarray(encoding.word_ids, dtype=np.int64)
    flags = np.zeros(len(words), dtype=np.uint8)
    flags[np.flatnonzero(np.diff(words, prepend=-1))] |= STARTS_WORD
    if sentence_chars and len(words):
        starts = np.asarray([start for start, _ in encoding.offsets])
        firsts = np.searchsorted(starts, sentence_chars)
        flags[firsts[firsts < len(flags)]] |= STARTS_SENTENCE
    return flags


def _map(path: Path, dtype: type) -> NDArray:
    if not path.stat().st_size:
        return np.zeros(0, dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r")
