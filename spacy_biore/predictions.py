"""What a relation extractor predicts, before it is written on docs."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from .candidates import Candidates, chunk_candidates
from .model.architecture import PairLogits, RelationModel
from .relations import RelationRecord, mention_record

# Encoded, they take some tens of megabytes.
CHUNK_PAIRS = 16_384


class Predictions(NamedTuple):
    """What the component predicts for some docs.

    Attributes:
        candidates: The candidate pairs of each Doc.
        rows: (scored,) which candidates were scored, counted through all docs.
        logits: (scored, classes) what the model returned for them.
        scores: (scored, labels) probability of each label.
    """

    candidates: list[Candidates]
    rows: NDArray[np.int64]
    logits: NDArray[np.float32]
    scores: NDArray[np.float32]

    def by_doc(self) -> Iterator[tuple[Candidates, NDArray[np.int64], NDArray[np.float32]]]:
        """Yield the candidates of each Doc, the rows of the scored ones among them, and their scores."""
        start = 0
        for candidates in self.candidates:
            mine = (self.rows >= start) & (self.rows < start + len(candidates))
            yield candidates, self.rows[mine] - start, self.scores[mine]
            start += len(candidates)


def score_pairs(model: RelationModel, docs: Sequence[Doc], candidates: Sequence[Candidates]) -> PairLogits:
    """Score the candidate pairs of some docs, some thousands at a time: memory stays bounded whatever a batch holds."""
    parts = [model.predict((docs, chunk)) for chunk in chunk_candidates(candidates, CHUNK_PAIRS)]
    rows = [part.rows + number * CHUNK_PAIRS for number, part in enumerate(parts)]
    return PairLogits(np.concatenate(rows), np.concatenate([part.logits for part in parts]))


def relation_of(candidates: Candidates, pair: int, doc: Doc, label: str, score: float) -> RelationRecord:
    """Return a relation between the mentions of a candidate pair as a plain record."""
    return {
        "head": mention_record(candidates.head(pair).span(doc)),
        "tail": mention_record(candidates.tail(pair).span(doc)),
        "label": label,
        "score": float(score),
    }
