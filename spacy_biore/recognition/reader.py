"""The corpus reader for recognisers: documents of several corpora, each with the entity types that it annotates."""

import random
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.corpus import FILE_TYPE

from ..adaptation.exclusion import Exclusion, read_exclusions
from ..adaptation.texts import Text, sentence_lines
from ..errors import BioreError, Errors, Warnings
from ..readers import CorpusReader, corpus_files, read_docs, without_annotation
from ..relations import get_doc_id, get_group
from .annotation import all_mentions, keep_annotated
from .component import PartialRecogniser

T = TypeVar("T")
# Of the documents that are left out.
NAMES_SHOWN = 5


class MentionCorpus(NamedTuple):
    """A ``.spacy`` file, or a folder of them, and the entity types that are annotated in it."""

    path: Path
    types: frozenset[str]


def make_mention_reader(
    corpora: list[dict[str, Any]], buffer: int = 0, limit: int = 0, exclude: str | list[str] | None = None
) -> CorpusReader:
    """Make a reader of mention-level corpora (registered as ``spacy-biore.MentionCorpora.v1``).

    The predicted docs hold the pipeline's own tokens and nothing else. References hold the entities of the types that
    their corpus annotates, and are marked with these types, as ``partial_ner`` and its scorer need it.

    Args:
        corpora: For each corpus ``{"path", "types"}``.
        buffer: Mix the corpora, and shuffle so many docs together, others in each pass; 0 for the order of the corpora.
        limit: Read at most this many docs of each corpus; 0 for all.
        exclude: ``.spacy`` file of documents to leave out, or a folder of them, known by their ids and by their
            sentences; or a ``.txt`` file of ids, one a line; or a list of these, such as the test parts of all corpora.
            How many documents are left out is warned of (BRW23).

    Raises:
        BioreError: BR032 for a setting out of range, BR041 for a wrong entry of ``corpora``; when called, BR031 if
            there is nothing at a path, BR042 for a type that no recogniser finds, BR043 for one that a whole corpus
            has no mention of, and BR032 or what ``read_exclusion`` raises for ``exclude``. Where ``limit`` cuts a
            corpus short, a type without a mention is warned of (BRW24).
    """
    if not corpora:
        raise BioreError(Errors.BR032.format(setting="corpora", value=corpora, expected="at least one corpus"))
    if min(buffer, limit) < 0:
        raise BioreError(Errors.BR032.format(setting="buffer or limit", value=min(buffer, limit), expected="from 0 up"))
    entries = [_entry(corpus) for corpus in corpora]
    excluded = [] if exclude is None else [exclude] if isinstance(exclude, str) else exclude

    @cache
    def exclusion() -> Exclusion:
        return read_exclusions(file for path in excluded for file in _excluded_files(path))

    # Python's numbers follow from the seed of the config.
    seeds = random.Random(random.getrandbits(64))

    def read_examples(nlp: Language) -> Iterator[Example]:
        _check_types(nlp, entries)
        streams = [_references(corpus, nlp, exclusion(), limit=limit) for corpus in entries]
        if buffer:
            rng = random.Random(seeds.getrandbits(64))
            mixed = _mixed(streams, [_size(corpus, limit=limit) for corpus in entries], rng)
            references = _shuffled(mixed, buffer, rng)
        else:
            references = chain.from_iterable(streams)
        for reference in references:
            yield Example(without_annotation(nlp, reference), reference)

    return read_examples


def _entry(corpus: Any) -> MentionCorpus:
    if not isinstance(corpus, dict) or corpus.keys() != {"path", "types"}:
        raise BioreError(Errors.BR041.format(entry=corpus))
    path, types = corpus["path"], corpus["types"]
    if not path or not isinstance(types, list) or not types or not all(isinstance(t, str) and t for t in types):
        raise BioreError(Errors.BR041.format(entry=corpus))
    return MentionCorpus(Path(path), frozenset(types))


def _excluded_files(path: str) -> list[Path]:
    """Return the files of documents to leave out: taken for something else, a file would exclude nothing."""
    files = corpus_files(Path(path)) if path else []
    if not files or any(file.suffix not in (FILE_TYPE, ".txt") for file in files):
        expected = "a .spacy file, a folder of them, a .txt file of ids, or a list of these"
        raise BioreError(Errors.BR032.format(setting="exclude", value=path, expected=expected))
    return files


def _check_types(nlp: Language, corpora: Sequence[MentionCorpus]) -> None:
    """Check that a recogniser of the pipeline finds each annotated type; pipelines without ours are not checked."""
    # Also those that spaCy takes out of the pipeline while it reads the corpus: frozen and sourced ones.
    if not any(isinstance(pipe, PartialRecogniser) for _, pipe in nlp.components):
        return
    found: set[str] = set()
    for name, pipe in nlp.components:
        if isinstance(pipe, PartialRecogniser):
            found.update(pipe.types)
        elif "doc.ents" in nlp.get_pipe_meta(name).assigns:
            found.update(getattr(pipe, "labels", ()))
    for corpus in corpora:
        if unknown := corpus.types - found:
            names = {"unknown": ", ".join(sorted(unknown)), "known": ", ".join(sorted(found))}
            raise BioreError(Errors.BR042.format(path=corpus.path, **names))


def _references(corpus: MentionCorpus, nlp: Language, exclusion: Exclusion, *, limit: int) -> Iterator[Doc]:
    """Yield the docs of a corpus that have tokens; at its end, check that it was what it is said to be."""
    met: set[str] = set()
    excluded: list[str] = []
    n_docs = 0
    is_cut = False
    for doc in read_docs(corpus.path, nlp):
        if is_cut := bool(limit) and n_docs == limit:
            break
        n_docs += 1
        met.update(span.label_ for span in all_mentions(doc))
        if exclusion.reason(Text(get_doc_id(doc), sentence_lines(doc), "", (get_group(doc),))):
            excluded.append(get_doc_id(doc))
            continue
        if len(doc):
            keep_annotated(doc, corpus.types)
            yield doc
    if excluded:
        doc_ids = ", ".join([*excluded[:NAMES_SHOWN], *(["..."] if len(excluded) > NAMES_SHOWN else [])])
        text = Warnings.BRW23.format(path=corpus.path, n_excluded=len(excluded), n_docs=n_docs, doc_ids=doc_ids)
        warnings.warn(text, stacklevel=2)
    if missing := corpus.types - met:
        names = {"missing": ", ".join(sorted(missing)), "found": ", ".join(sorted(met)) or "no mention at all"}
        if not is_cut:
            raise BioreError(Errors.BR043.format(path=corpus.path, **names))
        warnings.warn(Warnings.BRW24.format(path=corpus.path, n_docs=n_docs, **names), stacklevel=2)


def _size(corpus: MentionCorpus, *, limit: int) -> int:
    size = sum(len(DocBin().from_disk(path)) for path in corpus_files(corpus.path))
    return min(size, limit) if limit else size


def _mixed(streams: Sequence[Iterator[T]], sizes: Sequence[int], rng: random.Random) -> Iterator[T]:
    """Draw from the streams at random, so that all of them last until the end."""
    order = [number for number, size in enumerate(sizes) for _ in range(size)]
    rng.shuffle(order)
    for number in order:
        yield from islice(streams[number], 1)
    # Nothing is left, but a stream makes its checks at its end.
    yield from chain.from_iterable(streams)


def _shuffled(items: Iterator[T], size: int, rng: random.Random) -> Iterator[T]:
    """Shuffle with so many items in memory."""
    pool = list(islice(items, size))
    for item in items:
        number = rng.randrange(len(pool))
        yield pool[number]
        pool[number] = item
    rng.shuffle(pool)
    yield from pool
