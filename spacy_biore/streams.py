"""Docs in batches through a trainable component, such that one doc that fails costs no other."""

from collections.abc import Iterable, Iterator

from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.util import minibatch


def annotate_stream(pipe: TrainablePipe, stream: Iterable[Doc], *, batch_size: int) -> Iterator[Doc]:
    """Predict and annotate a stream of docs, a batch at a time.

    If a batch fails, its docs are taken one by one. The error handler of the pipeline, which raises unless it was
    replaced, is then given those that fail, and not the whole batch.

    Args:
        pipe: The component.
        stream: The docs.
        batch_size: Docs a batch.
    """
    for docs in minibatch(stream, batch_size):
        done: Iterable[Doc | None] = docs
        try:
            pipe.set_annotations(docs, pipe.predict(docs))
        except Exception:
            # Whatever it is, it comes again with the doc that causes it.
            done = map(pipe, docs)
        yield from (doc for doc in done if doc is not None)
