"""How a candidate pair is shown to the encoder: a stretch of text with its two mentions replaced or marked."""

from bisect import bisect_left, bisect_right
from collections.abc import Set
from functools import cache
from typing import Literal, NamedTuple, get_args

import numpy as np
from spacy.tokens import Doc

from .candidates import Candidates, Mention
from .schema import Schema

InputStyle = Literal["anonymised", "marked", "shared"]
INPUT_STYLES: tuple[str, ...] = get_args(InputStyle)


class Edit(NamedTuple):
    """Put one special token in the place of the characters from start to end (none of them where start equals end)."""

    start: int
    end: int
    token: str


class Instance(NamedTuple):
    """One candidate pair as text.

    Attributes:
        start: First character of the text shown, in the Doc.
        end: One past its last character.
        edits: What to replace or insert, in text order, without overlaps.
        head: First and last edit that delimit the head (the same edit twice where it is replaced by one token).
        tail: The same for the tail.
        tags: What stands for head and tail beside the text, with their characters; empty where the edits tell the pair.
    """

    start: int
    end: int
    edits: tuple[Edit, ...]
    head: tuple[int, int]
    tail: tuple[int, int]
    tags: tuple[Edit, ...] = ()


def make_instances(doc: Doc, candidates: Candidates, *, style: InputStyle, context: int = 0) -> list[Instance]:
    """Show every candidate pair of a Doc as text, in the order of the candidates.

    Args:
        doc: The Doc that the candidates come from.
        candidates: Its candidate pairs.
        style: ``anonymised`` puts ``@TYPE$`` in the place of each mention (``@HEAD-TAIL$`` for overlapping ones);
            ``marked`` puts ``<H:TYPE> </H:TYPE>`` and ``<T:TYPE> </T:TYPE>`` around them; ``shared`` puts ``@TYPE$`` in
            the place of every mention, so that the pairs of a sentence have one text. Of overlapping mentions the
            longest is replaced, but those of the pair come first: such a pair has a text of its own.
        context: Number of sentences shown before and after the sentences that hold the pair.
    """
    if not len(candidates):
        return []
    bounds = _sentence_bounds(doc)
    pairs = [(candidates.head(row), candidates.tail(row)) for row in range(len(candidates))]
    windows = [_window(doc, bounds, pair, context) for pair in pairs]
    if style == "shared":
        return _share(candidates.mentions, windows, pairs)
    edit = {"anonymised": _anonymise, "marked": _mark}[style]
    return [Instance(start, end, *edit(*pair)) for (start, end), pair in zip(windows, pairs, strict=True)]


def special_tokens(schema: Schema, style: InputStyle) -> dict[str, str]:
    """Return the special tokens that a style needs for a schema, each with a text that says what it stands for."""
    tokens: dict[str, str] = {}
    for head, tail in schema.pair_types():
        if style == "marked":
            tokens |= dict.fromkeys(_markers("H", head), head)
            tokens |= dict.fromkeys(_markers("T", tail), tail)
        elif style == "shared":
            tokens |= {_tag(head): head, _tag(tail): tail, _markers("H", head)[0]: head, _markers("T", tail)[0]: tail}
        else:
            tokens |= {_tag(head): head, _tag(tail): tail, _tag(head, tail): f"{head} {tail}"}
    return dict(sorted(tokens.items()))


def _anonymise(head: Mention, tail: Mention) -> tuple[tuple[Edit, ...], tuple[int, int], tuple[int, int]]:
    if _overlap(head, tail):
        start, end = min(head.start_char, tail.start_char), max(head.end_char, tail.end_char)
        return (Edit(start, end, _tag(head.type, tail.type)),), (0, 0), (0, 0)
    edits = [Edit(m.start_char, m.end_char, _tag(m.type)) for m in (head, tail)]
    if head.start_char < tail.start_char:
        return (edits[0], edits[1]), (0, 0), (1, 1)
    return (edits[1], edits[0]), (1, 1), (0, 0)


def _mark(head: Mention, tail: Mention) -> tuple[tuple[Edit, ...], tuple[int, int], tuple[int, int]]:
    """Put markers around both mentions; at one place, close before opening, inner before outer when closing."""
    placed = []
    for role, mention, other in (("H", head, tail), ("T", tail, head)):
        opening, closing = _markers(role, mention.type)
        start, end = mention.start_char, mention.end_char
        inner_last = (-end, -other.end_char, role)
        placed.append(((start, 1, *inner_last), Edit(start, start, opening), role))
        inner_first = (-start, -other.start_char, "T" if role == "H" else "H")
        placed.append(((end, 0, *inner_first), Edit(end, end, closing), role))
    placed.sort()
    where = {role: [i for i, (*_, r) in enumerate(placed) if r == role] for role in "HT"}
    edits = tuple(edit for _, edit, _ in placed)
    return edits, (where["H"][0], where["H"][1]), (where["T"][0], where["T"][1])


def _share(
    mentions: list[Mention], windows: list[tuple[int, int]], pairs: list[tuple[Mention, Mention]]
) -> list[Instance]:
    @cache
    def text(window: tuple[int, int], first: frozenset[Mention]) -> SharedText:
        return _anonymise_all(mentions, *window, first=first)

    instances = []
    for window, (head, tail) in zip(windows, pairs, strict=True):
        hidden = {head, tail} - text(window, frozenset()).shown
        # Mostly one of the two is shown anyway, and pairs with the same hidden mention share a text.
        shared = text(window, frozenset(hidden))
        if not ({head, tail} <= shared.shown or _overlap(head, tail)):
            shared = text(window, frozenset((head, tail)))
        edits, places, _ = shared
        tags = [Edit(m.start_char, m.end_char, _markers(role, m.type)[0]) for role, m in (("H", head), ("T", tail))]
        instances.append(Instance(*window, edits, (places[head],) * 2, (places[tail],) * 2, tuple(tags)))
    return instances


class SharedText(NamedTuple):
    """A text whose mentions are replaced: the edits, the edit that each mention is part of, and the mentions shown."""

    edits: tuple[Edit, ...]
    places: dict[Mention, int]
    shown: set[Mention]


def _anonymise_all(mentions: list[Mention], start: int, end: int, *, first: Set[Mention]) -> SharedText:
    """Replace the mentions of a text: of overlapping ones those that come first, then the longest."""
    begin, stop = (bisect_left(mentions, char, key=lambda m: m.start_char) for char in (start, end))
    inside = [mention for mention in mentions[begin:stop] if mention.end_char <= end]
    owners = np.full(end - start, len(inside))
    kept: list[Mention] = []
    for mention in sorted(inside, key=lambda m: (m not in first, m.start_char - m.end_char, m)):
        owned = owners[mention.start_char - start : mention.end_char - start]
        if owned.min() == len(inside):
            owned[:] = len(kept)
            kept.append(mention)
    shown = sorted(kept)
    rank = [bisect_left(shown, mention) for mention in kept]
    places = {m: rank[owners[m.start_char - start : m.end_char - start].min()] for m in inside}
    return SharedText(tuple(Edit(m.start_char, m.end_char, _tag(m.type)) for m in shown), places, set(shown))


def _overlap(one: Mention, other: Mention) -> bool:
    return one.start_char < other.end_char and other.start_char < one.end_char


def _tag(*types: str) -> str:
    return f"@{'-'.join(types)}$"


def _markers(role: str, entity_type: str) -> tuple[str, str]:
    return f"<{role}:{entity_type}>", f"</{role}:{entity_type}>"


def _sentence_bounds(doc: Doc) -> list[tuple[int, int]]:
    """Return token start and end of every sentence; the whole Doc where it has no sentence boundaries."""
    if not doc.has_annotation("SENT_START"):
        return [(0, len(doc))]
    return [(sentence.start, sentence.end) for sentence in doc.sents]


def _window(doc: Doc, bounds: list[tuple[int, int]], pair: tuple[Mention, Mention], context: int) -> tuple[int, int]:
    """Return the characters from the first to the last sentence that holds a mention, and its context."""
    first_token, last_token = min(m.start for m in pair), max(m.end for m in pair) - 1
    first, last = (bisect_right(bounds, token, key=lambda bound: bound[0]) - 1 for token in (first_token, last_token))
    start, end = bounds[max(first - context, 0)][0], bounds[min(last + context, len(bounds) - 1)][1]
    last_shown = doc[end - 1]
    return doc[start].idx, last_shown.idx + len(last_shown)
