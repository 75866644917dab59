"""From instances to word pieces: each text is tokenised once, and every pair's input is cut out of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from tokenizers import Tokenizer

from ..instances import Edit, Instance


class EncodedPair(NamedTuple):
    """The input of one candidate pair.

    Attributes:
        ids: (length,) word-piece ids, with the first (CLS) and last (SEP) special piece.
        head: First piece of the head and one past its last.
        tail: The same for the tail.
        chars: (length,) the character of the Doc at which each piece starts; -1 for CLS and SEP.
        anchors: Where texts are shared, the pieces of the text whose positions head and tail take: they stand behind
            the text then.
    """

    ids: NDArray[np.int64]
    head: tuple[int, int]
    tail: tuple[int, int]
    chars: NDArray[np.int64]
    anchors: tuple[int, ...] = ()

    @property
    def key(self) -> tuple[bytes, tuple[int, int], tuple[int, int], tuple[int, ...]]:
        """What makes two inputs the same to the encoder."""
        return self.ids.tobytes(), self.head, self.tail, self.anchors


@dataclass(frozen=True)
class PieceTokenizer:
    """A fast tokenizer with the ids of the pieces that frame and pad a sequence.

    Special tokens are looked up, never read from the text: a text that holds ``[SEP]`` or ``@GENE$`` is plain text.
    """

    backend: Tokenizer
    cls_id: int
    sep_id: int
    pad_id: int

    @classmethod
    def from_json(cls, text: str, *, cls_id: int, sep_id: int, pad_id: int) -> "PieceTokenizer":
        """Build the tokenizer from the JSON text of a ``tokenizer.json``, without its truncation and padding."""
        return cls(running_text_tokenizer(text), cls_id, sep_id, pad_id)

    def __reduce__(self) -> tuple:
        # A copy made by the tokenizers package would read special tokens from the text again.
        return _restore, (self.backend.to_str(), self.cls_id, self.sep_id, self.pad_id)

    def special_id(self, token: str) -> int:
        """Return the id of a special token."""
        piece_id = self.backend.token_to_id(token)
        if piece_id is None:
            raise KeyError(token)
        return piece_id


def _restore(text: str, cls_id: int, sep_id: int, pad_id: int) -> PieceTokenizer:
    return PieceTokenizer.from_json(text, cls_id=cls_id, sep_id=sep_id, pad_id=pad_id)


class Pieces(NamedTuple):
    """The word pieces of a whole text: (pieces,) ids, and start and end characters."""

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def tokenize(doc: Doc, tokenizer: PieceTokenizer) -> Pieces:
    """Tokenise the text of a Doc once."""
    text = doc.text
    encoding = tokenizer.backend.encode(text, add_special_tokens=False)
    starts = [_first_letter(text, start, end) for start, end in encoding.offsets]
    ends = [end for _, end in encoding.offsets]
    return Pieces(*(np.asarray(column, dtype=np.int64) for column in (encoding.ids, starts, ends)))


def _first_letter(text: str, start: int, end: int) -> int:
    """Return where a piece begins without the blanks before its word, which some tokenizers count to it."""
    if not text[start : start + 1].isspace():
        return start
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()) if piece.strip() else start


def encode_pairs(
    doc: Doc, instances: Sequence[Instance], tokenizer: PieceTokenizer, *, max_length: int
) -> list[EncodedPair | None]:
    """Encode every instance of a Doc; None for a pair whose two mentions do not fit into ``max_length`` pieces."""
    if not instances:
        return []
    pieces = tokenize(doc, tokenizer)
    encoded: list[EncodedPair | None] = [None] * len(instances)
    for rows in _group_by_text(instances):
        text = _apply_edits(instances[rows[0]], pieces, tokenizer, reach=max_length)
        for row in rows:
            encoded[row] = _encode(instances[row], text, tokenizer, max_length=max_length)
    return encoded


def _group_by_text(instances: Sequence[Instance]) -> Iterable[list[int]]:
    grouped: dict[tuple[int, int, int], list[int]] = {}
    for row, instance in enumerate(instances):
        grouped.setdefault((instance.start, instance.end, id(instance.edits)), []).append(row)
    return grouped.values()


class EditedText(NamedTuple):
    """The word pieces of an instance: (pieces,) ids and start characters, and the place of each edit among them."""

    ids: NDArray[np.int64]
    chars: NDArray[np.int64]
    places: list[int]


def _encode(instance: Instance, text: EditedText, tokenizer: PieceTokenizer, *, max_length: int) -> EncodedPair | None:
    head = text.places[instance.head[0]], text.places[instance.head[1]] + 1
    tail = text.places[instance.tail[0]], text.places[instance.tail[1]] + 1
    size = max_length - 2 - len(instance.tags)
    window = centre_window(len(text.ids), min(head[0], tail[0]), max(head[1], tail[1]), size=size)
    if window is None:
        return None
    start, end = window
    ids, chars = text.ids[start:end], text.chars[start:end]
    places = [(first - start + 1, last - start + 1) for first, last in (head, tail)]
    anchors: tuple[int, ...] = ()
    if instance.tags:
        anchors, after = (places[0][0], places[1][0]), len(ids) + 1
        places = [(after, after + 1), (after + 1, after + 2)]
        ids = np.concatenate([ids, [tokenizer.special_id(tag.token) for tag in instance.tags]])
        chars = np.concatenate([chars, [tag.start for tag in instance.tags]])
    return EncodedPair(
        ids=np.concatenate([[tokenizer.cls_id], ids, [tokenizer.sep_id]]),
        head=places[0],
        tail=places[1],
        chars=np.concatenate([[-1], chars, [-1]]),
        anchors=anchors,
    )


def _apply_edits(instance: Instance, pieces: Pieces, tokenizer: PieceTokenizer, *, reach: int) -> EditedText:
    """Apply the edits of an instance to the pieces of its text.

    Only ``reach`` pieces before the first edit and after the last are among them: a sentence may be a whole book.
    """
    ids, chars, positions = [], [], []
    at = int(np.searchsorted(pieces.starts, instance.start, side="left"))
    at = max(at, _edited_pieces(instance.edits[0], pieces, is_first=True)[0] - reach)
    length = 0
    for number, edit in enumerate(instance.edits):
        first, last = _edited_pieces(edit, pieces, is_first=number in (instance.head[0], instance.tail[0]))
        first = max(first, at)
        ids += [pieces.ids[at:first], [tokenizer.special_id(edit.token)]]
        chars += [pieces.starts[at:first], [edit.start]]
        length += first - at
        positions.append(length)
        length += 1
        at = max(last, first)
    end = max(at, min(int(np.searchsorted(pieces.starts, instance.end, side="left")), at + reach))
    shown, starts = np.concatenate([*ids, pieces.ids[at:end]]), np.concatenate([*chars, pieces.starts[at:end]])
    return EditedText(shown, starts, positions)


def _edited_pieces(edit: Edit, pieces: Pieces, *, is_first: bool) -> tuple[int, int]:
    """Return the pieces that an edit replaces: those that share a character with it.

    A marker replaces none: the first of a mention stands before the piece that holds the mention's first character, the
    other after the piece that holds its last.
    """
    first = int(np.searchsorted(pieces.ends, edit.start, side="right"))
    last = int(np.searchsorted(pieces.starts, edit.end, side="left"))
    if edit.start == edit.end:
        return (first, first) if is_first else (last, last)
    return first, last


def centre_window(length: int, start: int, end: int, *, size: int) -> tuple[int, int] | None:
    """Place a window of at most ``size`` over a sequence so that it holds start to end, as near its middle as possible.

    Returns:
        First and one past the last position of the window; None if start to end is longer than the window.
    """
    if end - start > size:
        return None
    spare = size - (end - start)
    before = min(start, max(spare // 2, spare - (length - end)))
    return start - before, min(length, start - before + size)


def running_text_tokenizer(text: str) -> Tokenizer:
    """Make a tokenizer from the JSON text of a ``tokenizer.json`` that cuts nothing off and fills nothing up.

    Its special tokens are plain text where a text happens to hold them.
    """
    backend = Tokenizer.from_str(text)
    backend.no_truncation()
    backend.no_padding()
    backend.encode_special_tokens = True
    return backend
