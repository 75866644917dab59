"""Where a text defines abbreviations: scispaCy's search, on words that do not depend on the tokens of a pipeline."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from spacy.matcher import Matcher
from spacy.tokens import Doc
from spacy.vocab import Vocab

# The longest text in brackets that scispaCy takes for a short or long form, in words.
BRACKET_WORDS = 8
BRACKETS = [{"ORTH": "("}, {"OP": f"{{1,{BRACKET_WORDS}}}"}, {"ORTH": ")"}]
# A bracket, or what lies between brackets and spaces; brackets that follow a letter or digit, as in "1,25(OH)2D3",
# belong to the word.
PIECE = re.compile(r"[()]|[^\s()]+(?:(?<=\w)\([^\s()]*\)[^\s()]*)*")
# Of "[3H]thymidine" the bracket belongs to the word too; the limit keeps a row of brackets from being read again and
# again.
OPENING = re.compile(r"(?:[\"'“\u2018]|[\[{](?![^\s\[\]{}]{0,30}[\]}]\w))*")
CLOSING = "]}\"'”’.,;:!?"
# The stop of "St. George" or "E. coli" ends no sentence, and that of "vs. control" neither.
SENTENCE_END = re.compile(r"(?<!\b[A-Z])(?<!\b[A-Z][a-z])[.!?]\s+(?![a-z])")

Offsets = tuple[int, int]


class Definition(NamedTuple):
    """A short form and its long form, as offsets of characters."""

    short: Offsets
    long: Offsets


class DefinitionFinder:
    """Finds definitions as scispaCy's detector does (Schwartz & Hearst 2003), of each form the first.

    scispaCy counts tokens, and wants those of a short form to have at least two characters. A tokenizer that splits
    ``IL-2`` would hide it. What it takes for a long form and is none (see ``is_long_form``) is left out.

    Raises:
        ImportError: if scispaCy is not installed.
    """

    def __init__(self) -> None:
        from scispacy.abbreviation import filter_matches, find_abbreviation

        self._filter = filter_matches
        self._find = find_abbreviation
        # scispaCy's own pattern pairs each opening bracket with every closing one that follows, however far away, and
        # drops all long ones afterwards: minutes for a text of some 100,000 characters.
        self._matcher = Matcher(Vocab())
        self._matcher.add("brackets", [BRACKETS])

    def __call__(self, text: str) -> list[Definition]:
        """Return the definitions in a text."""
        if "(" not in text:
            # The matcher would warn of an empty Doc.
            return []
        words = list(split_words(text))
        # The search joins words with one space each. A vocabulary of its own, so that none grows.
        doc = Doc(Vocab(), words=[text[start:end] for start, end in words])
        inner = [(match, start + 1, end - 1) for match, start, end in self._matcher(doc)]
        shorts: set[str] = set()
        longs: set[str] = set()
        found = []
        for long_candidate, candidate in self._filter(inner, doc):
            short, long = self._find(long_candidate, candidate)
            if long is None or short.text in shorts or long.text in longs:
                continue
            offsets = [(words[span.start][0], words[span.end - 1][1]) for span in (short, long)]
            if not is_long_form(*(text[start:end] for start, end in offsets)):
                continue
            shorts.add(short.text)
            longs.add(long.text)
            found.append(Definition(*offsets))
        return found


def is_long_form(short: str, long: str) -> bool:
    """Say whether a text may be a long form: not the short form, not of two sentences, and with whole brackets only.

    ``PAI-1) and type 2`` is none of ``PAI-2``.
    """
    whole = all(long.count(opening) == long.count(closing) for opening, closing in ("()", "[]", "{}"))
    return whole and long.casefold() != short.casefold() and not SENTENCE_END.search(long)


def split_words(text: str) -> Iterator[Offsets]:
    """Split a text at spaces, brackets around words, and punctuation before and after them; give the offsets."""
    for piece in PIECE.finditer(text):
        start, end = piece.span()
        if end - start == 1:
            yield start, end
            continue
        word = piece[0]
        first = OPENING.match(word).end()  # type: ignore[union-attr]
        last = max(first, len(word.rstrip(CLOSING)))
        yield from ((start + at, start + at + 1) for at in range(first))
        if first < last:
            yield start + first, start + last
        yield from ((start + at, start + at + 1) for at in range(last, len(word)))
