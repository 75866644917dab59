"""Whole pipeline: abstracts a second from text to relations, the share of each component, and memory."""

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from spacy_biore.evaluation import get_extractors
from spacy_biore.readers import read_docs

from .common import make_parser, ratio, spread, time_in_turn, write_result
from .memory import make_abstracts
from .memory import measure as measure_memory
from .pipelines import add_int8, arithmetic, describe_corpus, describe_pipeline, load_trained, parse_int8, quiet

TOKENIZER = "tokenizer"
TARGETS = {"abstracts_per_second": 12.0, "candidate_pairs_each": 20}


def compare(nlp: Language, texts: Sequence[str], *, rounds: int, processes: int = 1) -> dict[str, Any]:
    """Measure a pipeline as a whole, and each of its components by itself on the same batches, in one process."""
    # All words and shapes of batches are known afterwards.
    counts = count(nlp, texts)
    parts: list[dict[str, float]] = []
    # A process takes whole batches: enough of them that none waits long for another.
    size = nlp.batch_size if processes == 1 else min(nlp.batch_size, math.ceil(len(texts) / (4 * processes)))

    def pipe() -> Callable[[], object]:
        return lambda: deque(nlp.pipe(texts, n_process=processes, batch_size=size), maxlen=0)

    def by_component() -> Callable[[], object]:
        return lambda: parts.append(time_components(nlp, texts))

    variants = {"pipe": pipe, "by_component": by_component}
    seconds = time_in_turn(variants, rounds=rounds)
    return {
        "texts": counts,
        "processes": processes,
        "batch_size": size,
        "abstracts_per_second": spread([len(texts) / value for value in seconds["pipe"]], digits=2),
        "seconds": {name: spread([part[name] for part in parts], digits=3) for name in parts[0]},
        "shares": {name: spread([part[name] / sum(part.values()) for part in parts], digits=3) for name in parts[0]},
        "ratios": {"pipe_to_by_component": ratio(seconds, "pipe", "by_component")},
        "targets": TARGETS,
    }


def count(nlp: Language, texts: Sequence[str]) -> dict[str, Any]:
    """Run texts through a pipeline, and count what is in them."""
    extractors = get_extractors(nlp).values()
    counts: Counter[str] = Counter()
    for doc in nlp.pipe(texts):
        counts["docs"] += 1
        counts["characters"] += len(doc.text)
        counts["tokens"] += len(doc)
        counts["mentions"] += len(doc.ents)
        counts["candidate_pairs"] += sum(len(pairs) for pipe in extractors for pairs in pipe.get_candidates([doc]))
        counts["relations"] += len(doc._.relation_records)
    return {**counts, "candidate_pairs_each": round(counts["candidate_pairs"] / max(counts["docs"], 1), 1)}


def time_components(nlp: Language, texts: Sequence[str]) -> dict[str, float]:
    """Run texts through a pipeline, batch after batch and in each one component after another.

    Returns:
        Wall-clock seconds of each component, and of the tokenizer, over all batches.
    """
    seconds = dict.fromkeys([TOKENIZER, *nlp.pipe_names], 0.0)
    for batch in minibatch(texts, nlp.batch_size):
        start = time.perf_counter()
        docs = [nlp.make_doc(text) for text in batch]
        seconds[TOKENIZER] += time.perf_counter() - start
        for name in nlp.pipe_names:
            others = [other for other in nlp.pipe_names if other != name]
            start = time.perf_counter()
            docs = list(nlp.pipe(docs, disable=others))
            seconds[name] += time.perf_counter() - start
    return seconds


def sentences_of(references: Sequence[Doc]) -> list[str]:
    """Return the sentences of a corpus; a Doc without sentence boundaries is one."""
    spans = (list(doc.sents) if doc.has_annotation("SENT_START") else [doc[:]] for doc in references)
    return [span.text for some in spans for span in some if span.text.strip()]


def main() -> None:
    """Run the benchmark from the command line."""
    parser = make_parser(__doc__, name="pipeline_speed")
    parser.add_argument("model", help="a pipeline from text to relations")
    parser.add_argument("corpus", type=Path, help="a .spacy file; its texts and its sentence boundaries are used")
    parser.add_argument("--limit", type=int, default=200, help="documents; 0 for all")
    parser.add_argument("--repeats", type=int, default=5, help="rounds")
    parser.add_argument("--processes", type=int, default=1, help="n_process of nlp.pipe")
    parser.add_argument("--docs", type=int, default=0, help="measure memory too, over so many documents")
    parser.add_argument("--every", type=int, default=1_000, help="documents between two measurements of memory")
    add_int8(parser)
    settings = parse_int8(parser)
    if settings.docs and settings.docs < settings.every:
        parser.error("--docs must be at least --every")
    quiet()
    torch.set_num_threads(settings.threads)
    nlp = load_trained(settings.model, int8=settings.int8)
    references = list(read_docs(settings.corpus, nlp, limit=settings.limit))
    result = {"pipeline": describe_pipeline(nlp), **describe_corpus(settings.corpus)}
    result["arithmetic"] = {name: arithmetic(pipe) for name, pipe in get_extractors(nlp).items()}
    result |= compare(
        nlp, [reference.text for reference in references], rounds=settings.repeats, processes=settings.processes
    )
    if settings.docs:
        abstracts = make_abstracts(sentences_of(references), settings.docs, seed=settings.seed)
        result["memory"] = measure_memory(nlp, abstracts, every=settings.every)
    write_result(settings.output, settings, result)


if __name__ == "__main__":
    main()
