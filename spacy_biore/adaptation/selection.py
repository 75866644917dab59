"""Which documents or sentences a sub-domain is made of."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import spacy
from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span
from spacy.util import minibatch

from ..assembly.checks import find_labels
from ..assembly.type_maps import ready_map
from ..errors import BioreError, Errors
from ..formats.lines import read_lines
from ..loading import load_pipeline
from .texts import Text

Unit = Literal["document", "sentence"]
TypesOf = Callable[[Doc | Span], set[str]]
BATCH = 64


def long_enough(texts: Iterable[Text], least: int, counts: Counter[str]) -> Iterator[Text]:
    """Yield the texts of at least so many words, and count the others."""
    for text in texts:
        if len(text.text.split(maxsplit=least)) >= least:
            yield text
        else:
            counts["too short"] += 1


def select(
    texts: Iterable[Text],
    nlp: Language,
    types_of: TypesOf,
    required: Sequence[str],
    *,
    unit: Unit,
    counts: Counter[str],
) -> Iterator[Text]:
    """Yield the documents, or the sentences, that mention something of every required type, and count the others.

    Args:
        texts: What to choose from.
        nlp: Makes docs with what ``types_of`` needs, and sentences.
        types_of: Returns the types that a Doc or one of its sentences mentions.
        required: The types.
        unit: What is chosen. The sentences chosen from a document stay together as one text.
        counts: Adds up documents or sentences, read and chosen.
    """
    needed = set(required)
    for batch in minibatch(texts, BATCH):
        chosen: list[Text] = []
        # The words of the batch are forgotten after it: the vocabulary of a pipeline grows for ever otherwise.
        with nlp.memory_zone():
            for text, doc in zip(batch, nlp.pipe(one.text for one in batch), strict=True):
                parts: list[Doc | Span] = [doc] if unit == "document" else list(doc.sents)
                kept = [part.text for part in parts if needed <= types_of(part)]
                counts[f"{unit}s read"] += len(parts)
                counts[f"{unit}s chosen"] += len(kept)
                if kept:
                    chosen.append(text._replace(text="\n".join(kept)))
        yield from chosen


def recogniser(model: str, required: Sequence[str] = ()) -> tuple[Language, TypesOf]:
    """Load a pipeline that recognises entities, and return it with what reads their types.

    The labels of scispaCy's recognisers count as what the ready maps of ``assemble`` make of them too.

    Raises:
        BioreError: BR300 if it can't be loaded; BR414 if it never finds a required type; BR600 if it has no recogniser.
    """
    nlp = load_pipeline(model)
    labels = find_labels(nlp)
    types = ready_map(labels or ())
    found = {*(labels or ()), *types.values()}
    if labels is not None and (missing := [label for label in required if label not in found]):
        raise BioreError(Errors.BR414.format(name=model, missing=", ".join(missing), found=", ".join(sorted(found))))
    _add_sentences(nlp)
    nlp.max_length = sys.maxsize

    def types_of(part: Doc | Span) -> set[str]:
        own = {ent.label_ for ent in part.ents}
        return own | {types[label] for label in own if label in types}

    return nlp, types_of


def term_list(path: Path, required: Sequence[str] = ()) -> tuple[Language, TypesOf]:
    """Make a pipeline from a list of terms, ``TYPE<tab>term`` a line, and return it with what reads their types.

    Case does not matter.

    Raises:
        BioreError: BR100 to BR103 for a file or a line that can't be read; BR413 if it has no terms of a required type.
    """
    nlp = spacy.blank("en")
    nlp.max_length = sys.maxsize
    _add_sentences(nlp)
    matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
    terms: dict[str, list[Doc]] = {}
    for line in read_lines(path):
        label, term = line.columns(2)
        terms.setdefault(label.strip(), []).append(nlp.make_doc(term.strip()))
    if missing := [label for label in required if label not in terms]:
        details = {"missing": ", ".join(missing), "found": ", ".join(sorted(terms))}
        raise BioreError(Errors.BR413.format(path=path, **details))
    for label, patterns in terms.items():
        matcher.add(label, patterns)
    return nlp, lambda part: {nlp.vocab.strings[match] for match, _, _ in matcher(part)}


def _add_sentences(nlp: Language) -> None:
    assigned = {attribute for name in nlp.pipe_names for attribute in nlp.get_pipe_meta(name).assigns}
    if not assigned & {"token.is_sent_start", "doc.sents"}:
        nlp.add_pipe("sentencizer", first=True)
