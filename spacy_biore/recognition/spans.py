"""The pieces of a text that a transformer reads at once."""

import math
from collections.abc import Callable, Iterable
from functools import partial

from spacy.tokens import Doc, Span

from ..errors import BioreError, Errors


def configure_even_spans(length: int, overlap: int) -> Callable[[Iterable[Doc]], list[list[Span]]]:
    """Cut each doc into the fewest spans of at most ``length`` tokens, all equally long.

    Registered as ``spacy-biore.EvenSpans.v1``. Of ``spacy-transformers.strided_spans.v1`` it differs in what is left
    over at the end of a doc: there a short span, which is padded to the length of the longest, and of which the tokens
    see little of their context.

    Args:
        length: Most tokens of a span.
        overlap: Tokens that a span shares with the one before it, at least; fewer than ``length``.

    Raises:
        BioreError: BR613 if the two don't fit together.
    """
    if not 0 <= overlap < length:
        raise BioreError(Errors.BR613.format(length=length, overlap=overlap))
    return partial(even_spans, length=length, overlap=overlap)


def even_spans(docs: Iterable[Doc], length: int, overlap: int) -> list[list[Span]]:
    """Return the spans of each doc: none for an empty one."""
    return [[doc[start:end] for start, end in _bounds(len(doc), length, overlap)] for doc in docs]


def _bounds(tokens: int, length: int, overlap: int) -> list[tuple[int, int]]:
    if not tokens:
        return []
    spans = max(1, math.ceil((tokens - overlap) / (length - overlap)))
    size = math.ceil((tokens + overlap * (spans - 1)) / spans)
    last = tokens - size
    return [(start, start + size) for start in (round(last * i / max(1, spans - 1)) for i in range(spans))]
