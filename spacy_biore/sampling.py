"""Which candidate pairs of a training example are learned from: a note on its predicted Doc.

The corpus reader writes the note, the batcher divides it, and the component's update obeys it. Predicting, scoring and
the development corpus never see it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from .candidates import Candidates
from .targets import PairKey, candidate_keys

TRAINING_PAIRS_KEY = "biore_training_pairs"


class TrainingPair(NamedTuple):
    """A pair to learn from, and the number of tokens in the sentences that hold it."""

    key: PairKey
    n_tokens: int


def note_training_pairs(doc: Doc, pairs: Sequence[TrainingPair]) -> None:
    """Note on a predicted Doc that only these of its candidate pairs are learned from."""
    doc.user_data[TRAINING_PAIRS_KEY] = list(pairs)


def noted_training_pairs(doc: Doc) -> list[TrainingPair] | None:
    """Return the pairs noted on a Doc; None if it has no note."""
    return doc.user_data.get(TRAINING_PAIRS_KEY)


def take_training_pairs(doc: Doc, candidates: Candidates) -> Candidates:
    """Return the candidates that a Doc's note allows, or all of them if it has none."""
    noted = noted_training_pairs(doc)
    if noted is None:
        return candidates
    keys = {pair.key for pair in noted}
    return candidates.take(np.flatnonzero([key in keys for key in candidate_keys(candidates)]))


def training_pairs(doc: Doc, candidates: Candidates, rows: NDArray[np.int64]) -> list[TrainingPair]:
    """Describe the candidates in these rows as pairs to learn from."""
    keys = candidate_keys(candidates)
    has_sentences = doc.has_annotation("SENT_START")
    lengths = []
    for row in rows:
        first = min(candidates.head(row).start, candidates.tail(row).start)
        last = max(candidates.head(row).end, candidates.tail(row).end) - 1
        shown = doc[doc[first].sent.start : doc[last].sent.end] if has_sentences else doc
        lengths.append(len(shown))
    return [TrainingPair(keys[row], length) for row, length in zip(rows, lengths, strict=True)]
