"""The way of a whole corpus: read, rename, divide, tokenise, write; with counts that add up."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import combinations
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, DocBin

from ..errors import BioreError, Errors, Warnings
from .contradictions import Contradicted
from .counts import Contradiction, Counts
from .document import Document
from .lines import checked_name
from .registry import Format
from .selection import LABEL_NOT_KEPT, Selection
from .sources import Source
from .splits import split_documents
from .staging import Staging

MakeDoc = Callable[[Document], tuple[Doc, Counts]]
Watch = Callable[[Iterable[Document], str], Iterable[Document]]
# Of each document by its id a digest of its content, and where it was read.
Seen = dict[str, tuple[bytes, str]]

# Reason to drop a document.
BROKEN = "broken file"
# So many moved mentions in one document are worth a word if they are most of them.
MANY = 3


def target_in(output: Path, *, is_file: bool) -> Callable[[str], Path]:
    """Return the function from the name of a split to its file.

    Args:
        output: A .spacy file, or a folder for one .spacy file a split.
        is_file: Which of both it must be.

    Raises:
        BioreError: BR144 if it looks like the other.
    """
    if is_file != (output.suffix == ".spacy"):
        wanted = "one .spacy file" if is_file else "a folder, for one .spacy file a split"
        raise BioreError(Errors.BR144.format(path=output, wanted=wanted))
    return lambda name: output if is_file else output / f"{name}.spacy"


def convert(
    corpus_format: Format,
    sources: Iterable[Source],
    *,
    options: Mapping[str, Any],
    selection: Selection,
    make_doc: MakeDoc,
    target: Callable[[str], Path],
    staging: Staging,
    shares: Sequence[float] | None = None,
    seed: int = 0,
    watch: Watch = lambda documents, name: documents,
) -> dict[str, Counts]:
    """Convert the splits of a corpus into DocBin files.

    Args:
        corpus_format: How to read.
        sources: What to read.
        options: Keyword arguments of the format's reader.
        selection: What to rename and to keep.
        make_doc: Makes the Doc of a document, with its counts.
        target: From the name of a split to its file.
        staging: The files are written in it, and appear when its block ends.
        shares: Divide each source into train, dev and test by these shares.
        seed: Seed of the division.
        watch: Called with the documents and the name of each source; returns them, as tqdm does.

    Returns:
        The counts of each split, checked.

    Raises:
        BioreError: whatever the reader raises, the contradictions of all sources together; BR101 for a source without
            documents, BR157 for one of which none is left, BR117 and BR118 for ids, BR141 and BR142 for the division,
            BR145 if none of the labels to keep occurs, BR155 for folds that overlap.
    """
    counts: dict[str, Counts] = {}
    groups: dict[str, set[str]] = {}
    folds: dict[str, Path] = {}
    contradictions: list[Contradiction] = []
    for source in sources:
        seen: Seen = {}
        documents = map(selection, watch(corpus_format.read(source, **options), source.name))
        if source.is_fold:
            folds[source.name] = source.path
        try:
            for name, part in _parts(source, documents, corpus_format, shares, seed):
                doc_bin, counts[name], groups[name] = _pack(part, make_doc, seen)
                _check_documents(source, counts[name])
                staging.write(target(name), doc_bin.to_disk)
        except Contradicted as error:
            # The rest of the corpus may have others, which are to be named with these.
            contradictions += error.contradictions
            continue
        # Whatever part they would have gone to, they are counted once.
        counts[name].documents.drop_unread(len(source.broken), BROKEN)
    if contradictions:
        raise Contradicted(contradictions)
    _check_labels(selection, counts.values())
    _check_folds(groups, folds)
    _warn_of_shared(groups)
    return counts


def _parts(
    source: Source, documents: Iterable[Document], corpus_format: Format, shares: Sequence[float] | None, seed: int
) -> Iterator[tuple[str, Iterable[Document]]]:
    if shares is None:
        yield source.name, documents
        return
    whole = list(documents)
    if corpus_format.of_sentences and len({document.group for document in whole}) == len(whole):
        warnings.warn(Warnings.BRW14.format(path=source.path), stacklevel=4)
    yield from split_documents(whole, shares, seed=seed).items()


def _pack(documents: Iterable[Document], make_doc: MakeDoc, seen: Seen) -> tuple[DocBin, Counts, set[str]]:
    """Return the Docs of a split, its counts and its groups; ``seen`` are the documents of its source so far."""
    doc_bin = DocBin(store_user_data=True)
    total, groups = Counts(), set()
    mostly_moved: list[str] = []
    for document in documents:
        checked_name(document.id, "id", where=document.source, doc_id=document.id)
        reason = _reason_to_drop(document, seen)
        if reason:
            counts = document.counts
            counts.discard(reason)
        else:
            doc, counts = make_doc(document)
            doc_bin.add(doc)
            if counts.mentions.moved >= MANY and 2 * counts.mentions.moved > counts.mentions.written:
                mostly_moved.append(document.id)
        total.add(counts)
        groups.add(document.group)
    total.check()
    if mostly_moved:
        warnings.warn(Warnings.BRW17.format(number=len(mostly_moved), doc_id=mostly_moved[0]), stacklevel=4)
    return doc_bin, total, groups


def _reason_to_drop(document: Document, seen: Seen) -> str | None:
    """Remember a document by its content, and tell whether it is not to be written."""
    if document.refused:
        return document.refused
    # A digest, so that the text of a large corpus need not stay in memory; equal documents have equal reprs.
    digest = blake2b(repr(document).encode("utf-8"), digest_size=16).digest()
    if document.id not in seen:
        seen[document.id] = digest, document.source
        return None if document.text.strip() else "no text"
    first, where = seen[document.id]
    if first != digest:
        raise BioreError(Errors.BR117.format(where=document.source, doc_id=document.id, first=where))
    return "identical to an earlier document"


def _check_documents(source: Source, counts: Counts) -> None:
    paths = ", ".join(map(str, dict.fromkeys(source.files.values())))
    if not counts.documents.read:
        raise BioreError(Errors.BR101.format(path=paths))
    if not counts.documents.written:
        reasons = ", ".join(f"{reason} ({number})" for reason, number in counts.documents.dropped.items())
        raise BioreError(Errors.BR157.format(path=paths, reasons=reasons))


def _check_labels(selection: Selection, counts: Iterable[Counts]) -> None:
    flows = [split.relations for split in counts]
    dropped, written = sum(flow.dropped[LABEL_NOT_KEPT] for flow in flows), sum(flow.written for flow in flows)
    if dropped and not written:
        found = ", ".join(selection.labels_met)
        raise BioreError(Errors.BR145.format(labels=", ".join(sorted(selection.labels or ())), found=found))
    if selection.unmet:
        warnings.warn(Warnings.BRW13.format(names=", ".join(selection.unmet)), stacklevel=3)


def _check_folds(groups: Mapping[str, set[str]], folds: Mapping[str, Path]) -> None:
    for first, second in combinations(folds, 2):
        shared = sorted(groups[first] & groups[second])
        if shared:
            paths = folds[first], folds[second]
            raise BioreError(Errors.BR155.format(doc_id=shared[0], first=paths[0], second=paths[1], number=len(shared)))


def _warn_of_shared(groups: Mapping[str, set[str]]) -> None:
    uses = Counter(group for members in groups.values() for group in members)
    shared = sorted(group for group, number in uses.items() if number > 1)
    if shared:
        splits = ", ".join(name for name, members in groups.items() if shared[0] in members)
        warnings.warn(Warnings.BRW12.format(number=len(shared), first=shared[0], splits=splits), stacklevel=3)
