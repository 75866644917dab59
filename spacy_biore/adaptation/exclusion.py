"""Which documents must never be learned from: they are known by their ids and by their sentences."""

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import BioreError, Errors, Warnings
from ..formats.lines import read_lines, shorten
from .texts import Text, read_plain, read_texts, reader_of

# Letters and digits of the shortest sentence that a document is recognised by; shorter ones may stand in any document.
LEAST_LETTERS = 60
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
LINE_END = re.compile(r"[\t\r\n]+")
# Mentions that were replaced by their type: no real text holds such a sentence.
TAG = re.compile(r"@[A-Za-z][\w-]*\$")
NO_LETTER = re.compile(r"[\W_]+")
ASCII_NO_LETTER = bytes(code for code in range(128) if not chr(code).isalnum())


@dataclass(frozen=True)
class Exclusion:
    """Documents that must not be learned from.

    Attributes:
        ids: Their ids.
        sentences: The hash of each of their long sentences, and the id of its document. Empty if only ids are known.
    """

    ids: frozenset[str]
    sentences: dict[int, str] = field(default_factory=dict)

    def reason(self, text: Text) -> str | None:
        """Say why a text is one of these documents, or holds a part of one; None if it does not."""
        for doc_id in (text.id, *text.other_ids):
            if doc_id in self.ids:
                return f"it is the excluded document '{doc_id}'"
        for sentence in _normal_sentences(text.text) if self.sentences else ():
            if doc_id := self.sentences.get(hash(sentence), ""):
                return (
                    f"it holds a sentence of the excluded document '{doc_id}' (without spaces: {shorten(sentence)!r})"
                )
        return None


def read_exclusion(path: Path) -> Exclusion:
    """Read documents, or a text file with nothing but their ids, one a line.

    Raises:
        BioreError: BR412 for a document without an id; what ``read_lines`` and ``read_texts`` do for a file that can't
            be read.
    """
    if not path.is_dir() and reader_of(path) in (None, read_plain):
        return Exclusion(frozenset(line.text.strip() for line in read_lines(path)))
    ids: set[str] = set()
    sentences: dict[int, str] = {}
    for text in read_texts([path]):
        if not text.id:
            raise BioreError(Errors.BR412.format(where=text.where))
        ids.update((text.id, *text.other_ids))
        sentences.update((hash(sentence), text.id) for sentence in _normal_sentences(text.text))
    return Exclusion(frozenset(ids), sentences)


def read_exclusions(paths: Iterable[str | Path]) -> Exclusion:
    """Read the documents of several files or folders; see ``read_exclusion``."""
    ids: set[str] = set()
    sentences: dict[int, str] = {}
    for exclusion in map(read_exclusion, map(Path, paths)):
        ids |= exclusion.ids
        sentences |= exclusion.sentences
    return Exclusion(frozenset(ids), sentences)


def without(texts: Iterable[Text], exclusion: Exclusion) -> Iterator[Text]:
    """Yield texts, making sure that none of them is an excluded one.

    Raises:
        BioreError: BR404 for a text with an excluded id or sentence, or without an id that could tell.
    """
    for text in _watched(texts, exclusion):
        problem = exclusion.reason(text) or ("" if text.id else "it has no id, so it may be excluded")
        if problem:
            raise BioreError(Errors.BR404.format(where=text.where, problem=problem))
        yield text


def leave_out(texts: Iterable[Text], exclusion: Exclusion, counts: Counter[str]) -> Iterator[Text]:
    """Yield the texts that are not excluded, and count the others, and those without an id that could tell."""
    for text in _watched(texts, exclusion):
        if exclusion.reason(text):
            counts["excluded"] += 1
        elif not text.id:
            counts["without id"] += 1
        else:
            yield text


def _watched(texts: Iterable[Text], exclusion: Exclusion) -> Iterator[Text]:
    """Yield texts, and warn (BRW41) at the end if no id was like an excluded one and there was nothing else to tell."""
    if exclusion.sentences:
        yield from texts
        return
    wanted = {_shape(doc_id) for doc_id in exclusion.ids}
    example = ""
    for text in texts:
        if wanted and text.id:
            example = text.id
            if any(_shape(doc_id) in wanted for doc_id in (text.id, *text.other_ids)):
                wanted = set()
        yield text
    if wanted and example:
        warnings.warn(Warnings.BRW41.format(excluded=min(exclusion.ids), found=example), stacklevel=2)


def _shape(doc_id: str) -> str:
    """Return an id with one letter for letters and one digit for digits."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", doc_id))


def _normal_sentences(text: str) -> Iterator[str]:
    """Yield, normalised, what stands between two sentence ends, and the lines of it, if long enough to be told by.

    A line end or a tab may be the end of a title or a break within a sentence, so both readings count.
    """
    for sentence in SENTENCE_END.split(text):
        parts = {sentence: None, **dict.fromkeys(LINE_END.split(sentence))}
        normal = (_normal(part) for part in parts if len(part) >= LEAST_LETTERS and not TAG.search(part))
        yield from (part for part in normal if len(part) >= LEAST_LETTERS)


def _normal(sentence: str) -> str:
    """Return the letters and digits of a sentence, in lower case: tokenised and laid out text is alike then."""
    if sentence.isascii():
        # The same, many times faster.
        return sentence.encode().lower().translate(None, ASCII_NO_LETTER).decode()
    return NO_LETTER.sub("", sentence.lower())
