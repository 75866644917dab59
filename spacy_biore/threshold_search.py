"""The threshold that suits a corpus best: pairs are scored once, and every threshold decides on the same scores."""

import warnings
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from .component import RelationExtractor
from .errors import Warnings
from .readers import with_gold_entities, with_predicted_entities
from .scorer import RelationTally, relation_keys

GRID = tuple(step / 20 for step in range(1, 20))


class Trial(NamedTuple):
    """A threshold, None for the natural one, and what it gives."""

    threshold: float | None
    tally: RelationTally


def try_thresholds(
    nlp: Language,
    extractor: RelationExtractor,
    references: Iterable[Doc],
    *,
    end_to_end: bool = False,
    thresholds: Sequence[float] = GRID,
    batch_size: int | None = None,
) -> list[Trial]:
    """Score the relations of docs at each threshold. The natural one comes first.

    Args:
        nlp: The pipeline.
        extractor: One of its relation extractors. Thresholds of its single labels stay as they are.
        references: Docs with gold relations.
        end_to_end: Run what comes before the extractor on the text; otherwise it is given the gold entities.
        thresholds: What to try.
        batch_size: Docs a batch; None for the pipeline's own setting.
    """
    schema, labels = extractor.schema, extractor.labels
    trials = [Trial(threshold, RelationTally(labels)) for threshold in (None, *thresholds)]
    current = extractor.cfg["threshold"]
    n_docs = n_mentions = 0
    try:
        for batch in minibatch(references, batch_size or nlp.batch_size):
            if end_to_end:
                docs = with_predicted_entities(nlp, batch, before=extractor)
            else:
                docs = [with_gold_entities(nlp, reference) for reference in batch]
            gold = [relation_keys(reference, schema, labels=labels) for reference in batch]
            predictions = extractor.predict(docs)
            n_docs += len(docs)
            n_mentions += sum(len(candidates.mentions) for candidates in predictions.candidates)
            for threshold, tally in trials:
                extractor.cfg["threshold"] = threshold
                extractor.set_annotations(docs, predictions)
                for doc, truth in zip(docs, gold, strict=True):
                    tally.add(truth, relation_keys(doc, schema, labels=labels))
    finally:
        extractor.cfg["threshold"] = current
    if n_docs and not n_mentions:
        warnings.warn(Warnings.BRW01.format(n_docs=n_docs, name=extractor.name), stacklevel=2)
    return trials


def best_trial(trials: Iterable[Trial]) -> Trial:
    """Return the trial with the highest micro-averaged F; the first of several equal ones."""
    return max(trials, key=lambda trial: trial.tally.micro.fscore)


def set_threshold(nlp: Language, name: str, best: Trial) -> None:
    """Set the threshold of a component, in its settings and in the pipeline's config, and the pipeline's scores."""
    extractor = nlp.get_pipe(name)
    assert isinstance(extractor, RelationExtractor)
    extractor.cfg["threshold"] = best.threshold
    nlp.get_pipe_config(name)["threshold"] = best.threshold
    nlp.meta.setdefault("performance", {}).update(best.tally.scores())
