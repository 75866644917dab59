"""Memory: how much a pipeline grows while many abstracts pass through it."""

import gc
import os
import random
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import spacy
import srsly
import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed

from .common import ROOT, make_parser, write_result
from .pipelines import NAME, extractor, quiet
from .random_encoder import save_random_encoder

SAMPLE = ROOT / "assets" / "sample" / "sample.jsonl"
TERMS = {"CHEMICAL": ("aspirin", "gefitinib", "caffeine"), "GENE": ("COX-1", "EGFR", "CYP1A2")}
RELATION_TYPES = [{"label": label, "head": ["CHEMICAL"], "tail": ["GENE"]} for label in ("INHIBITS", "ACTIVATES")]
SENTENCES_EACH = (6, 12)
TARGETS = {"growth_mb": 0.0}


def measure(nlp: Language, texts: Iterable[str], *, every: int) -> dict[str, Any]:
    """Run texts through a pipeline and take the memory in use (resident set, MB) after every so many of them."""
    taken: list[float] = []
    strings: list[int] = []
    number = n_mentions = n_relations = 0
    for number, doc in enumerate(nlp.pipe(texts), start=1):
        n_mentions += len(doc.ents)
        n_relations += len(doc._.relation_records)
        if number % every == 0:
            gc.collect()
            taken.append(resident_mb())
            strings.append(len(nlp.vocab.strings))
    return {
        "docs": number,
        "mentions": n_mentions,
        "relations": n_relations,
        "every": every,
        "resident_mb": [round(value, 1) for value in taken],
        "strings": strings,
        "growth_mb": round(taken[-1] - taken[0], 1),
        "growth_from_second_mb": round(taken[-1] - taken[min(1, len(taken) - 1)], 1),
        "targets": TARGETS,
    }


def resident_mb() -> float:
    """Return the resident set of this process in MB (2**20 bytes)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def make_abstracts(sentences: Sequence[str], n: int, *, seed: int = 0) -> Iterator[str]:
    """Yield texts of shuffled sentences: all different, and made of a closed vocabulary."""
    rng = random.Random(seed)
    for _ in range(n):
        yield " ".join(rng.sample(sentences, min(rng.randint(*SENTENCES_EACH), len(sentences))))


def load_material() -> tuple[list[str], list[dict[str, str]]]:
    """Return the sentences of the sample corpus and its terms as patterns; made-up ones where there is no sample."""
    if not SAMPLE.exists():
        sentences = [
            f"{a} inhibits {b} but not {c}." for a in TERMS["CHEMICAL"] for b in TERMS["GENE"] for c in TERMS["GENE"]
        ]
        return sentences, [{"label": label, "pattern": term} for label, terms in TERMS.items() for term in terms]
    splitter = spacy.blank("en")
    splitter.add_pipe("sentencizer")
    documents = list(srsly.read_jsonl(SAMPLE))
    sentences = [sent.text for doc in splitter.pipe(row["text"] for row in documents) for sent in doc.sents]
    terms = {(m["type"], row["text"][m["start"] : m["end"]]) for row in documents for m in row["mentions"]}
    return sentences, [{"label": label, "pattern": term} for label, term in sorted(terms)]


def make_pipeline(encoder: str, patterns: Sequence[dict[str, str]], *, seed: int = 0) -> Language:
    """Make a pipeline that finds terms and relates them, with random layers on an encoder."""
    fix_random_seed(seed)
    nlp = spacy.blank("en")
    nlp.batch_size = 256
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("entity_ruler").add_patterns(list(patterns))  # type: ignore[attr-defined]
    config = {"model": {"encoder": encoder}, "relation_types": RELATION_TYPES}
    nlp.add_pipe(NAME, config=config)
    with nlp.select_pipes(disable=NAME):
        example = nlp(f"{patterns[0]['pattern']} and {patterns[-1]['pattern']}.")
    extractor(nlp).initialize(lambda: [Example(example, example)], nlp=nlp)
    return nlp


def main() -> None:
    """Run the benchmark from the command line."""
    parser = make_parser(__doc__, name="memory")
    parser.add_argument("--encoder", help="folder, installed package or name on the hub; default: a small random one")
    parser.add_argument("--docs", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=1_000, help="documents between two measurements")
    settings = parser.parse_args()
    quiet()
    torch.set_num_threads(settings.threads)
    sentences, patterns = load_material()
    with tempfile.TemporaryDirectory() as folder:
        encoder = settings.encoder or str(save_random_encoder(Path(folder), sentences))
        nlp = make_pipeline(encoder, patterns, seed=settings.seed)
    texts = make_abstracts(sentences, settings.docs, seed=settings.seed)
    write_result(settings.output, settings, measure(nlp, texts, every=settings.every))


if __name__ == "__main__":
    main()
