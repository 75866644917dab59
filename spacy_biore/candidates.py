"""Which pairs of mentions may hold which relations: index arrays, and no model."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span

from .errors import BioreError, Errors
from .relations import get_doc_id, group_spans
from .schema import Schema

Scope = Literal["sentence", "window", "document"]
# The most pairs that are formed of one Doc's mentions: those of 500 mentions, all in reach of each other.
MAX_FORMED = 250_000


class Mention(NamedTuple):
    """A typed mention: token and character offsets, ends exclusive, and the id of its Span.

    Two mentions of one type may stand on the same characters if their ids differ, as where one name stands for two.
    """

    start: int
    end: int
    start_char: int
    end_char: int
    type: str
    id: int = 0

    def span(self, doc: Doc) -> Span:
        """Return the mention as a Span of its Doc."""
        return Span(doc, self.start, self.end, label=self.type)


@dataclass(frozen=True)
class Candidates:
    """The candidate pairs of one Doc.

    Attributes:
        mentions: Mentions of the types that the schema knows, in text order. Spans of one type on the same characters
            are one mention unless their ids differ. Spans of two types are two mentions, and no pair unless each has
            an id of its own.
        pairs: (pairs, 2) indices of head and tail in ``mentions``.
        allowed: (pairs, labels) the labels that each pair's types and order permit.
        left_out: How many pairs in scope were left out, by reason: ``crowd`` (there are more than anything could hold;
            their types were not looked at), ``distance`` or ``cap``.
    """

    mentions: list[Mention]
    pairs: NDArray[np.int64]
    allowed: NDArray[np.bool_]
    left_out: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.pairs)

    def head(self, row: int) -> Mention:
        """Return the head of the pair in a row."""
        return self.mentions[self.pairs[row, 0]]

    def tail(self, row: int) -> Mention:
        """Return the tail of the pair in a row."""
        return self.mentions[self.pairs[row, 1]]

    def take(self, rows: NDArray[np.int64]) -> "Candidates":
        """Return the candidates in these rows only."""
        return replace(self, pairs=self.pairs[rows], allowed=self.allowed[rows])


CandidateGenerator = Callable[[Doc, Schema], Candidates]


def make_candidate_generator(
    scope: Scope = "sentence",
    window: int = 1,
    max_distance: int | None = None,
    max_pairs: int | None = None,
    spans_key: str | None = None,
) -> CandidateGenerator:
    """Make a generator of candidate pairs (registered as ``spacy-biore.CandidateGenerator.v1``).

    Args:
        scope: Pairs inside one ``sentence``, at most ``window`` sentences apart, or anywhere in the ``document``.
        window: Number of sentence boundaries that may lie between the mentions, for scope ``window``.
        max_distance: The most tokens that may lie between the mentions.
        max_pairs: The most pairs a document; the closest ones are kept.
        spans_key: Take the mentions of ``doc.spans[spans_key]``, which may overlap, besides those of ``doc.ents``.

    Raises:
        BioreError: BR010 for a setting out of range; BR011, when called, for a Doc without sentence boundaries.
    """
    if scope not in get_args(Scope):
        raise BioreError(Errors.BR010.format(setting="scope", value=scope, expected=" or ".join(get_args(Scope))))
    for setting, value, least in (
        ("window", window, 0),
        ("max_distance", max_distance, 0),
        ("max_pairs", max_pairs, 1),
    ):
        if value is not None and value < least:
            raise BioreError(Errors.BR010.format(setting=setting, value=value, expected=f"at least {least}"))
    reach = {"sentence": 0, "window": window, "document": None}[scope]

    # Not a closure: the component is pickled where processes are spawned.
    return partial(
        generate_candidates,
        reach=reach,
        scope=scope,
        max_distance=max_distance,
        max_pairs=max_pairs,
        spans_key=spans_key,
    )


def generate_candidates(
    doc: Doc,
    schema: Schema,
    *,
    reach: int | None,
    scope: Scope,
    max_distance: int | None,
    max_pairs: int | None,
    spans_key: str | None,
) -> Candidates:
    """Generate the candidate pairs of a Doc.

    Args:
        doc: The Doc, with entities and, unless ``reach`` is None, sentence boundaries.
        schema: Which types may be related.
        reach: Number of sentence boundaries that may lie between the mentions; None for any.
        scope: Name of the setting that ``reach`` comes from, for messages.
        max_distance: As in ``make_candidate_generator``.
        max_pairs: As in ``make_candidate_generator``.
        spans_key: As in ``make_candidate_generator``.

    Raises:
        BioreError: BR011 for a Doc without sentence boundaries.
    """
    mentions = collect_mentions(doc, schema, spans_key=spans_key)
    if len(mentions) < 2:
        return no_candidates(mentions, schema)
    starts = np.asarray([mention.start for mention in mentions])
    ends = np.asarray([mention.end for mention in mentions])
    sentences = np.zeros(len(mentions), dtype=np.int64) if reach is None else _sentence_numbers(doc, scope)[starts]
    pairs, n_crowded = _pairs_in_reach(sentences, reach or 0)
    pairs = pairs[_are_two(pairs, mentions) & _are_first_of_their_input(pairs, mentions)]
    pairs, allowed = _allowed_labels(pairs, schema.type_ids(mention.type for mention in mentions), schema)
    gaps = _gaps(starts, ends, pairs)
    near = np.flatnonzero(gaps <= max_distance) if max_distance is not None else np.arange(len(pairs))
    kept = np.sort(near[np.argsort(gaps[near], kind="stable")][:max_pairs])
    left_out = {"crowd": n_crowded, "distance": len(pairs) - len(near), "cap": len(near) - len(kept)}
    return Candidates(mentions, pairs[kept], allowed[kept], left_out)


def no_candidates(mentions: list[Mention], schema: Schema) -> Candidates:
    """Return an empty set of candidates."""
    return Candidates(mentions, np.zeros((0, 2), dtype=np.int64), np.zeros((0, len(schema)), dtype=bool))


def collect_mentions(doc: Doc, schema: Schema, *, spans_key: str | None = None) -> list[Mention]:
    """Return the Doc's mentions of types that the schema knows, in text order, each once."""
    known = set(schema.entity_types)
    return sorted({to_mention(span) for span in mention_spans(doc, spans_key=spans_key) if span.label_ in known})


def mention_spans(doc: Doc, *, spans_key: str | None = None) -> list[Span]:
    """Return the entity spans that candidates are made of: ``doc.ents``, and those of a span group."""
    if spans_key is None or spans_key not in doc.spans:
        return list(doc.ents)
    group = list(group_spans(doc, spans_key))
    places = {(span.start, span.end, span.label) for span in group}
    return [*group, *(span for span in doc.ents if (span.start, span.end, span.label) not in places)]


def to_mention(span: Span) -> Mention:
    """Reduce a Span to a mention."""
    return Mention(span.start, span.end, span.start_char, span.end_char, span.label_, span.id)


def stack_allowed(candidates: Sequence[Candidates], n_labels: int) -> NDArray[np.bool_]:
    """Return (pairs, labels) the labels that the pairs of all docs permit."""
    return np.vstack([np.zeros((0, n_labels), dtype=bool), *(found.allowed for found in candidates)])


def chunk_candidates(candidates: Sequence[Candidates], size: int) -> Iterator[list[Candidates]]:
    """Split the candidates of a batch into runs of at most ``size`` pairs; each run has an entry for every Doc."""
    ends = np.cumsum([len(found) for found in candidates])
    starts = ends - [len(found) for found in candidates]
    for first in range(0, int(ends[-1]) if len(ends) else 0, size):
        yield [
            found.take(np.arange(max(first - start, 0), max(min(first + size, end) - start, 0)))
            for found, start, end in zip(candidates, starts, ends, strict=True)
        ]


def _pairs_in_reach(sentences: NDArray, reach: int) -> tuple[NDArray, int]:
    """Pair every mention with all others at most ``reach`` sentences away, without forming the pairs that are not.

    Mentions in reach of each other are too many in a long text without a full stop, such as a list of names: each is
    paired with its nearest neighbours then.

    Returns:
        (pairs, 2) indices of mentions, and how many pairs in reach were not formed.
    """
    places = np.arange(len(sentences))
    first = np.searchsorted(sentences, sentences - reach, side="left")
    last = np.searchsorted(sentences, sentences + reach, side="right")
    n_in_reach = int((last - first).sum())
    if n_in_reach > MAX_FORMED:

        def narrowed(width: int) -> tuple[NDArray, NDArray]:
            return np.maximum(first, places - width), np.minimum(last, places + width + 1)

        def count(width: int) -> int:
            start, end = narrowed(width)
            return int((end - start).sum())

        first, last = narrowed(max(1, bisect_right(range(1, len(places)), MAX_FORMED, key=count)))
    counts = last - first
    heads = np.repeat(places, counts)
    tails = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    pairs = np.stack([heads, tails], axis=1)
    return pairs[heads != tails], n_in_reach - len(heads)


def _are_two(pairs: NDArray, mentions: Sequence[Mention]) -> NDArray:
    """Find the pairs that are not of one place with itself, such as a name that two recognisers gave a type each.

    Mentions on the same tokens are two only if each has an id of its own, as in corpora where one word names two.
    """
    numbers: dict[tuple[int, int], int] = {}
    places = np.asarray([numbers.setdefault((m.start, m.end), len(numbers)) for m in mentions])
    ids = np.asarray([m.id for m in mentions], dtype=np.uint64)
    heads, tails = pairs[:, 0], pairs[:, 1]
    named = (ids[heads] != ids[tails]) & (ids[heads] > 0) & (ids[tails] > 0)
    return (places[heads] != places[tails]) | named


def _are_first_of_their_input(pairs: NDArray, mentions: Sequence[Mention]) -> NDArray:
    """Find the pairs that do not repeat the input of an earlier one: mentions that only ids tell apart look the same.

    Two such mentions are a pair in one order only.
    """
    numbers: dict[tuple[int, int, str], int] = {}
    keys = np.asarray([numbers.setdefault((m.start, m.end, m.type), len(numbers)) for m in mentions])
    inputs = keys[pairs[:, 0]] * len(numbers) + keys[pairs[:, 1]]
    first = np.zeros(len(pairs), dtype=bool)
    first[np.unique(inputs, return_index=True)[1]] = True
    return first


def _allowed_labels(pairs: NDArray, types: NDArray, schema: Schema) -> tuple[NDArray, NDArray]:
    """Find the labels of each pair, and drop pairs that none is left for (the second order of a symmetric pair)."""
    heads, tails = types[pairs[:, 0]], types[pairs[:, 1]]
    backwards = pairs[:, 0] > pairs[:, 1]
    allowed = schema.label_table[heads, tails]
    allowed &= ~(schema.ordered_table[heads, tails] & backwards[:, None])
    rows = allowed.any(axis=1)
    return pairs[rows], allowed[rows]


def _gaps(starts: NDArray, ends: NDArray, pairs: NDArray) -> NDArray:
    """Count the tokens between the two mentions of each pair; 0 if they touch or overlap."""
    later_start = np.maximum(starts[pairs[:, 0]], starts[pairs[:, 1]])
    earlier_end = np.minimum(ends[pairs[:, 0]], ends[pairs[:, 1]])
    return np.maximum(later_start - earlier_end, 0)


def _sentence_numbers(doc: Doc, scope: str) -> NDArray:
    """Number the sentence of every token from 0."""
    if not doc.has_annotation("SENT_START"):
        raise BioreError(Errors.BR011.format(doc_id=get_doc_id(doc), scope=scope))
    lengths = [len(sentence) for sentence in doc.sents]
    return np.repeat(np.arange(len(lengths)), lengths)
