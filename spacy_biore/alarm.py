"""What a relation extractor warns of while it runs: each thing once, since it sees one batch after another."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example

from .candidates import Candidates
from .errors import Warnings
from .relations import get_doc_id, get_records

# So many docs without a mention, and nothing else, are no accident.
PATIENCE = 100


class Alarm:
    """Watches what a component meets.

    Args:
        pipe: The component; a pipeline that takes it from another may rename it.
    """

    def __init__(self, pipe: TrainablePipe) -> None:
        self._pipe = pipe
        self._warned: set[str] = set()
        self._docs_without_mentions: int | None = 0

    def watch_mentions(self, candidates: Sequence[Candidates]) -> None:
        """Warn if only docs without a mention were met so far, as when the recogniser has other labels."""
        if self._docs_without_mentions is None:
            return
        if any(found.mentions for found in candidates):
            self._docs_without_mentions = None
            return
        self._docs_without_mentions += len(candidates)
        if self._docs_without_mentions >= PATIENCE:
            self.once("BRW01", n_docs=self._docs_without_mentions)

    def watch_entities(self, docs: Sequence[Doc], candidates: Sequence[Candidates]) -> None:
        """Warn if nothing has set entities on docs, as without a recogniser; else as ``watch_mentions`` does."""
        if _nothing_set_entities(docs):
            self.once("BRW10")
        else:
            self.watch_mentions(candidates)

    def watch_gold(self, examples: Sequence[Example], candidates: Sequence[Candidates]) -> None:
        """Warn if nothing has set entities on the predicted docs of a batch, where the gold ones have relations."""
        if any(found.mentions for found in candidates) or not _nothing_set_entities([eg.predicted for eg in examples]):
            return
        if related := sum(bool(get_records(eg.reference)) for eg in examples):
            self.once("BRW05", n_docs=related)

    def watch_crowds(self, docs: Sequence[Doc], candidates: Sequence[Candidates]) -> None:
        """Warn that a Doc has more pairs than are formed."""
        for doc, found in zip(docs, candidates, strict=True):
            if n_pairs := found.left_out.get("crowd", 0):
                self.once("BRW19", doc_id=get_doc_id(doc), n_mentions=len(found.mentions), n_pairs=n_pairs)

    def watch_misfits(
        self, docs: Sequence[Doc], candidates: Sequence[Candidates], rows: NDArray[np.int64], *, max_length: int
    ) -> None:
        """Warn that candidates were left out because they do not fit into the encoder.

        Args:
            docs: The docs.
            candidates: Their candidates.
            rows: (scored,) the candidates that do fit, counted through all docs.
            max_length: Word pieces that fit.
        """
        owners = np.repeat(np.arange(len(docs)), [len(found) for found in candidates])
        missing = np.setdiff1d(np.arange(len(owners)), rows)
        if len(missing):
            doc_id = get_doc_id(docs[owners[missing[0]]])
            self.once("BRW02", n_pairs=len(missing), max_length=max_length, doc_id=doc_id)

    def once(self, code: str, **details: Any) -> None:
        """Give a warning the first time."""
        if code not in self._warned:
            warnings.warn(getattr(Warnings, code).format(name=self._pipe.name, **details), stacklevel=4)
            # Not before: a warning that is an error would be lost when the component takes the batch one by one.
            self._warned.add(code)


def _nothing_set_entities(docs: Sequence[Doc]) -> bool:
    return any(len(doc) for doc in docs) and not any(doc.has_annotation("ENT_IOB") or doc.spans for doc in docs)
