"""Which candidate pairs of a training example are learned from: a note on its predicted Doc.

The corpus reader writes the note, the batcher draws from it and divides it, and the component's update obeys it.
Predicting, scoring and the development corpus never see it.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from .candidates import Candidates
from .targets import PairKey, candidate_keys

TRAINING_PAIRS_KEY = "biore_training_pairs"


class TrainingPair(NamedTuple):
    """A pair to learn from.

    Attributes:
        key: Its two mentions.
        sentences: First token of the sentences that hold it, and one past their last.
        share: Share of the passes over the corpus in which it is learned from.
    """

    key: PairKey
    sentences: tuple[int, int]
    share: float = 1.0

    @property
    def n_tokens(self) -> int:
        """Number of tokens in the sentences that hold it."""
        return self.sentences[1] - self.sentences[0]


def draw_pairs(pairs: Sequence[TrainingPair]) -> list[TrainingPair]:
    """Choose the pairs of one pass over the corpus; Python's random numbers follow from the seed of the config."""
    return [pair._replace(share=1.0) for pair in pairs if pair.share == 1.0 or random.random() < pair.share]


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
    keys = {pair.key for pair in draw_pairs(noted)}
    return candidates.take(np.flatnonzero([key in keys for key in candidate_keys(candidates)]))


def training_pairs(doc: Doc, candidates: Candidates, shares: NDArray[np.float64]) -> list[TrainingPair]:
    """Describe candidates as pairs to learn from in these shares (pairs,) of the passes; those with 0 are left out."""
    keys = candidate_keys(candidates)
    rows = np.flatnonzero(shares)
    has_sentences = doc.has_annotation("SENT_START")
    pairs = []
    for row in rows:
        first = min(candidates.head(row).start, candidates.tail(row).start)
        last = max(candidates.head(row).end, candidates.tail(row).end) - 1
        sentences = (doc[first].sent.start, doc[last].sent.end) if has_sentences else (0, len(doc))
        pairs.append(TrainingPair(keys[row], sentences, float(shares[row])))
    return pairs
