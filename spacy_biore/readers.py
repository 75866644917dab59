"""The corpus reader of ``spacy train``: examples whose predicted docs hold entities and training pairs."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.training.corpus import FILE_TYPE

from .annotating import check_annotating, warn_of_gold
from .checks import check_fit
from .component import RelationExtractor
from .errors import BioreError, Errors
from .formats.sources import files_in
from .relations import DOC_ID_KEY, GROUP_KEY, group_spans
from .sampling import TrainingPair, note_training_pairs, training_pairs
from .targets import PairKey, gold_labels

EntitySource = Literal["gold", "predicted"]
CorpusReader = Callable[[Language], Iterator[Example]]


def make_corpus_reader(
    path: str | Path | None,
    entities: EntitySource = "gold",
    negatives: float = 1.0,
    limit: int = 0,
) -> CorpusReader:
    """Make a reader of relation corpora (registered as ``spacy-biore.Corpus.v1``).

    Args:
        path: A ``.spacy`` file, or a folder of them; None for no examples, as in spaCy's own reader.
        entities: ``gold`` puts the reference's tokens, sentences and entities on the predicted Doc; ``predicted``
            leaves all of them to the pipeline (list the recogniser under ``training.annotating_components``).
        negatives: Share of the pairs without a relation that is learned from, others in each pass; for training corpora
            with gold entities, read when the labels are known.
        limit: Read at most this many docs; 0 for all.

    Raises:
        BioreError: BR032 for a setting out of range; when called, BR031 if there is no corpus at the path, BR004 for a
            gold relation that no relation extractor of the pipeline can find, BR036 or BR037 if the pipeline is trained
            on predicted entities and predicts none.
    """
    if entities not in get_args(EntitySource):
        expected = " or ".join(get_args(EntitySource))
        raise BioreError(Errors.BR032.format(setting="entities", value=entities, expected=expected))
    if not 0.0 <= negatives <= 1.0:
        raise BioreError(Errors.BR032.format(setting="negatives", value=negatives, expected="from 0 to 1"))
    if entities == "predicted" and negatives < 1.0:
        expected = "1.0 with predicted entities, whose pairs are not known when the corpus is read"
        raise BioreError(Errors.BR032.format(setting="negatives", value=negatives, expected=expected))

    passes = itertools.count()

    def read_examples(nlp: Language) -> Iterator[Example]:
        if path is None:
            return
        if entities == "predicted":
            check_annotating(nlp, _unfrozen_extractors(nlp))
        elif not next(passes):
            warn_of_gold(nlp, path)
        schemas = {name: pipe.schema for name, pipe in ready_extractors(nlp).items()}
        learners = _learning_extractors(nlp)
        for reference in read_docs(path, nlp, limit=limit):
            check_fit(reference, schemas)
            if entities == "predicted":
                yield Example(without_annotation(nlp, reference), reference)
                continue
            predicted = with_gold_entities(nlp, reference)
            if learners:
                _note_pairs(predicted, reference, learners, negatives)
            yield Example(predicted, reference)

    return read_examples


def read_docs(path: str | Path, nlp: Language, *, limit: int = 0) -> Iterator[Doc]:
    """Yield the docs of a ``.spacy`` file or of a folder of them.

    Raises:
        BioreError: BR031 if there is none.
    """
    n_docs = 0
    for file in corpus_files(Path(path)):
        for doc in DocBin().from_disk(file).get_docs(nlp.vocab):
            if limit and n_docs == limit:
                return
            n_docs += 1
            yield doc


def corpus_files(path: Path) -> list[Path]:
    """Return a file, or the ``.spacy`` files of a folder, also where links lead.

    Raises:
        BioreError: BR031 if there is none; BR100 for a folder that can't be read.
    """
    # A file is read whatever its name: spaCy would pass over it, with a warning, and go on with nothing.
    files = [path] if path.is_file() else []
    if path.is_dir():
        files = [file for file in files_in(path) if file.name.endswith(FILE_TYPE)]
    if not files:
        raise BioreError(Errors.BR031.format(path=path))
    return files


def without_annotation(nlp: Language, reference: Doc) -> Doc:
    """Make a Doc to predict on, of the text alone; messages tell it by the id of the reference."""
    doc = nlp.make_doc(reference.text)
    doc.user_data.update(_names(reference))
    return doc


def with_gold_entities(nlp: Language, reference: Doc) -> Doc:
    """Make a Doc to predict on: tokens, sentences, entities and span groups of the reference, and nothing else."""
    doc = Doc(
        nlp.vocab,
        words=[token.text for token in reference],
        spaces=[bool(token.whitespace_) for token in reference],
        sent_starts=[token.is_sent_start for token in reference] if reference.has_annotation("SENT_START") else None,
    )
    doc.set_ents([_copy_span(span, doc) for span in reference.ents])
    for name in reference.spans:
        doc.spans[name] = [_copy_span(span, doc) for span in group_spans(reference, name)]
    doc.user_data.update(_names(reference))
    return doc


def with_predicted_entities(nlp: Language, references: Sequence[Doc], *, before: RelationExtractor) -> list[Doc]:
    """Make Docs to predict on, of the texts alone: what the components before a component make of them."""
    docs = [without_annotation(nlp, reference) for reference in references]
    for _, component in nlp.pipeline:
        if component is before:
            break
        docs = apply_component(component, docs)
    return docs


def apply_component(component: Callable[[Doc], Doc], docs: list[Doc]) -> list[Doc]:
    """Run a component of a pipeline on docs, all at once if it can."""
    if hasattr(component, "pipe"):
        return list(component.pipe(docs, batch_size=len(docs)))
    return [component(doc) for doc in docs]


def _copy_span(span: Span, doc: Doc) -> Span:
    return Span(doc, span.start, span.end, label=span.label_, kb_id=span.kb_id_, span_id=span.id_)


def ready_extractors(nlp: Language) -> dict[str, RelationExtractor]:
    """Return the relation extractors of a pipeline that know their labels already, by name, also disabled ones."""
    return {name: pipe for name, pipe in nlp.components if isinstance(pipe, RelationExtractor) and pipe.labels}


def _unfrozen_extractors(nlp: Language) -> dict[str, RelationExtractor]:
    frozen = nlp.config.get("training", {}).get("frozen_components", [])
    return {name: pipe for name, pipe in nlp.components if isinstance(pipe, RelationExtractor) and name not in frozen}


def _learning_extractors(nlp: Language) -> list[RelationExtractor]:
    return [pipe for pipe in _unfrozen_extractors(nlp).values() if pipe.labels]


def _note_pairs(
    predicted: Doc,
    reference: Doc,
    extractors: Sequence[RelationExtractor],
    negatives: float,
) -> None:
    """Note the pairs that one extractor or another learns from; each takes its own candidates among them."""
    noted: dict[PairKey, TrainingPair] = {}
    for extractor in extractors:
        candidates = extractor.get_candidates([predicted])[0]
        is_positive = gold_labels(reference, candidates, extractor.schema).any(axis=1)
        for pair in training_pairs(predicted, candidates, np.where(is_positive, 1.0, negatives)):
            noted[pair.key] = max(pair, noted.get(pair.key, pair), key=lambda one: one.share)
    note_training_pairs(predicted, list(noted.values()))


def _names(doc: Doc) -> dict[str, str]:
    """Return what a Doc's user data tells of its document: id and article."""
    return {key: doc.user_data[key] for key in (DOC_ID_KEY, GROUP_KEY) if key in doc.user_data}
