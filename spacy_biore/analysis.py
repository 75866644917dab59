"""What became of each gold and each predicted relation of a Doc: found, confused, spurious, or lost and why."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from .candidates import CandidateGenerator, Candidates
from .relations import get_records, group_spans
from .schema import Schema
from .scorer import RelationKey
from .targets import MentionKey, PairKey, candidate_keys, mention_key

Reason = Literal[
    "unaligned",
    "entity missed",
    "cross-sentence",
    "not a candidate",
    "outside the window",
    "wrong label",
    "wrong direction",
    "no relation predicted",
]
REASONS: tuple[Reason, ...] = get_args(Reason)
Excess = Literal["wrong label", "wrong direction", "entity not gold", "pair not related"]
EXCESSES: tuple[Excess, ...] = get_args(Excess)


class Match(NamedTuple):
    """A gold relation with the predicted one that stands in its place; None where one side has nothing."""

    gold: RelationKey | None
    predicted: RelationKey | None


@dataclass(frozen=True)
class Considered:
    """What a relation extractor considered in one Doc.

    Attributes:
        candidates: The candidate pairs.
        scored: (scored,) rows of the candidates that fit into the encoder.
        schema: The schema of the extractor.
        generate: The generator that the candidates come from.
    """

    candidates: Candidates
    scored: NDArray[np.int64]
    schema: Schema
    generate: CandidateGenerator

    @cached_property
    def mentions(self) -> set[MentionKey]:
        """The mentions that candidates were made of."""
        return {mention_key(mention) for mention in self.candidates.mentions}

    @cached_property
    def rows(self) -> dict[PairKey, int]:
        """The row of each candidate pair."""
        return {key: row for row, key in enumerate(candidate_keys(self.candidates))}

    @cached_property
    def scored_rows(self) -> set[int]:
        """The rows that were scored."""
        return set(self.scored.tolist())


def match_relations(gold: set[RelationKey], predicted: set[RelationKey], schema: Schema) -> list[Match]:
    """Match gold with predicted relations; each stands in one match.

    Equal relations match first. Of the others, a gold one matches a predicted one of another label on the same pair; a
    pair read by a symmetric label has no order. Whatever is then left stands alone.
    """
    matches = [Match(key, key) for key in sorted(gold & predicted)]
    spurious: dict[tuple[MentionKey, ...], list[RelationKey]] = defaultdict(list)
    for key in sorted(predicted - gold):
        spurious[_unordered(key)].append(key)
    for key in sorted(gold - predicted):
        rivals = spurious.get(_unordered(key), [])
        rival = next((other for other in rivals if _confusable(key, other, schema)), None)
        if rival is not None:
            rivals.remove(rival)
        matches.append(Match(key, rival))
    return matches + [Match(None, key) for keys in spurious.values() for key in keys]


def count_confusions(matches: Iterable[Match]) -> Counter[tuple[str | None, str | None]]:
    """Count (gold label, predicted label); None stands for no relation.

    A row adds up to the gold relations of its label and a column to the predicted ones, also where a pair has several
    labels.
    """
    return Counter((match.gold and match.gold[1], match.predicted and match.predicted[1]) for match in matches)


def find_reason(match: Match, doc: Doc, considered: Considered, predicted: set[RelationKey]) -> Reason:
    """Say why a gold relation was not found: the first stage of the pipeline that lost it.

    Args:
        match: A match with a gold relation that was not found.
        doc: The predicted Doc.
        considered: What the extractor of this label considered in the Doc.
        predicted: All predicted relations of the Doc.
    """
    assert match.gold is not None and match.gold != match.predicted
    pair, label = match.gold
    if match.predicted is not None:
        return "wrong label"
    if (pair[::-1], label) in predicted and considered.schema.allows(label, pair[0][2], pair[1][2]):
        return "wrong direction"
    reason = _lost_mention(pair, label, doc, considered) or _lost_pair(pair, label, doc, considered)
    return reason or "no relation predicted"


def find_excess(match: Match, mentions: set[MentionKey], gold: set[RelationKey]) -> Excess:
    """Say what is wrong with a predicted relation that is not gold.

    Args:
        match: A match with such a relation.
        mentions: The gold mentions of the Doc.
        gold: All its gold relations.
    """
    assert match.predicted is not None and match.gold != match.predicted
    pair, label = match.predicted
    if match.gold is not None:
        return "wrong label"
    if (pair[::-1], label) in gold:
        return "wrong direction"
    return "entity not gold" if set(pair) - mentions else "pair not related"


def gold_mention_keys(reference: Doc) -> set[MentionKey]:
    """Return the mentions of a gold Doc: its entities, those of its span groups, and those that relations hold."""
    spans = itertools.chain(reference.ents, *(group_spans(reference, name) for name in reference.spans))
    arguments = (mention for record in get_records(reference) for mention in (record["head"], record["tail"]))
    return {(span.start_char, span.end_char, span.label_) for span in spans} | set(map(mention_key, arguments))


def _lost_mention(pair: PairKey, label: str, doc: Doc, considered: Considered) -> Reason | None:
    if any(doc.char_span(start, end) is None for start, end, _ in pair):
        return "unaligned"
    if not considered.schema.allows(label, pair[0][2], pair[1][2]):
        return "not a candidate"
    return "entity missed" if set(pair) - considered.mentions else None


def _lost_pair(pair: PairKey, label: str, doc: Doc, considered: Considered) -> Reason | None:
    row = considered.rows.get(pair)
    if row is None or not considered.candidates.allowed[row, considered.schema.labels.index(label)]:
        apart = _boundaries_between(doc, pair)
        if apart and not _reaches(considered, doc.vocab, (pair[0][2], pair[1][2]), apart):
            return "cross-sentence"
        return "not a candidate"
    return None if row in considered.scored_rows else "outside the window"


def _confusable(gold: RelationKey, predicted: RelationKey, schema: Schema) -> bool:
    if gold[1] == predicted[1]:
        return False
    unordered = any(label in schema and schema[label].symmetric for label in (gold[1], predicted[1]))
    return gold[0] == predicted[0] or (unordered and gold[0] == predicted[0][::-1])


def _unordered(key: RelationKey) -> tuple[MentionKey, ...]:
    return tuple(sorted(key[0]))


def _boundaries_between(doc: Doc, pair: PairKey) -> int:
    """Count the sentence boundaries between the starts of two mentions."""
    if not doc.has_annotation("SENT_START"):
        return 0
    spans = [doc.char_span(start, end) for start, end, _ in pair]
    first, last = sorted(span.start for span in spans if span is not None)
    return sum(bool(token.is_sent_start) for token in doc[first + 1 : last + 1])


def _reaches(considered: Considered, vocab: Vocab, types: tuple[str, str], apart: int) -> bool:
    """Ask the generator whether its scope holds pairs whose sentences are so far apart.

    The pair that it is asked about touches, so that a limit of the distance in tokens does not matter: the first
    mention goes from the first sentence to the last but one.
    """
    probe = Doc(vocab, words=["x"] * (apart + 1), sent_starts=[True] * (apart + 1))
    probe.ents = [Span(probe, 0, apart, label=types[0]), Span(probe, apart, apart + 1, label=types[1])]
    return len(considered.generate(probe, considered.schema)) > 0
