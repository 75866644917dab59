"""Training: updates of the component beside a plain torch loop over the same padded batches."""

import copy
import random
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import Optimizer

from spacy_biore.model.architecture import get_shim
from spacy_biore.readers import make_corpus_reader

from .common import ROOT, make_parser, rates, ratio, time_in_turn, write_result
from .pipelines import NAME, extractor, load_pipeline, quiet, training_parts, uses_bfloat16
from .plain_loop import tensor_batches, train

TARGETS = {"component_to_plain_loop": 0.85}
KINDS = ("fused", "foreach")

Batcher = Callable[[Sequence[Example]], Any]


def compare(
    nlp: Language,
    examples: Sequence[Example],
    batcher: Batcher,
    make_optimizer: Callable[[], Optimizer],
    *,
    n_batches: int,
    rounds: int,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure both ways on the same batches, each round from the same weights and with the same dropout.

    The component's time is all that ``nlp.update`` takes: copies of docs, candidates, word pieces, network, optimizer.
    The time of the batcher is a number of its own.
    """
    random.seed(seed)
    begin = time.perf_counter()
    batches = list(islice(batcher(examples), n_batches))
    batcher_seconds = time.perf_counter() - begin
    tensors = tensor_batches(nlp, batches)
    n_pairs = sum(len(part.target) for parts in tensors for part in parts)
    start = extractor(nlp).model.to_bytes()
    network = copy.deepcopy(get_shim(extractor(nlp).model).network)
    bfloat16 = uses_bfloat16(extractor(nlp))
    losses: dict[str, list[float]] = {}

    def component() -> Callable[[], object]:
        extractor(nlp).model.from_bytes(start)
        optimizer = make_optimizer()
        torch.manual_seed(seed)
        return lambda: losses.__setitem__("component", update(nlp, batches, optimizer))

    def plain(kind: str) -> Callable[[], object]:
        fresh, settings = copy.deepcopy(network), make_optimizer()
        torch.manual_seed(seed)
        return lambda: losses.__setitem__("plain_loop", train(fresh, tensors, settings, bfloat16=bfloat16, kind=kind))

    with nlp.select_pipes(enable=NAME):
        component()()
        trials = {kind: _seconds(plain(kind)) for kind in KINDS}
        kind = min(KINDS, key=trials.__getitem__)
        variants = {"component": component, "plain_loop": lambda: plain(kind)}
        seconds = time_in_turn(variants, rounds=rounds)
    return {
        "pairs": {"batches": len(batches), "all": n_pairs},
        "batcher_seconds": round(batcher_seconds, 3),
        "plain_optimizer": kind,
        "pairs_per_second": rates(seconds, n_pairs),
        "ratios": {"component_to_plain_loop": ratio(seconds, "component", "plain_loop")},
        "targets": TARGETS,
        "agreement": {
            "mean_loss": {name: round(sum(values) / len(values), 5) for name, values in losses.items()},
            "largest_loss_difference": round(
                max(abs(a - b) for a, b in zip(losses["component"], losses["plain_loop"], strict=True)), 6
            ),
        },
    }


def update(nlp: Language, batches: Sequence[Sequence[Example]], optimizer: Optimizer) -> list[float]:
    """Train the component on each batch once; the loss of every step."""
    steps = []
    for batch in batches:
        losses: dict[str, float] = {}
        nlp.update(batch, sgd=optimizer, losses=losses)
        steps.append(losses[NAME])
    return steps


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    """Run the benchmark from the command line."""
    parser = make_parser(__doc__, name="training_speed")
    parser.add_argument("source", help="a trained pipeline, or an encoder: folder, installed package, name on the hub")
    parser.add_argument("corpus", type=Path, help="a .spacy file with gold entities")
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "chemprot.cfg", help="for a new pipeline")
    parser.add_argument("--limit", type=int, default=2000, help="documents that batches are made of; 0 for all")
    parser.add_argument("--batches", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=5, help="rounds")
    settings = parser.parse_args()
    quiet()
    torch.set_num_threads(settings.threads)
    nlp = load_pipeline(settings.source, settings.config, settings.corpus, seed=settings.seed)
    result = compare(
        nlp,
        list(make_corpus_reader(settings.corpus, limit=settings.limit)(nlp)),
        training_parts(nlp)["batcher"],
        lambda: training_parts(nlp)["optimizer"],
        n_batches=settings.batches,
        rounds=settings.repeats,
        seed=settings.seed,
    )
    write_result(settings.output, settings, result)


if __name__ == "__main__":
    main()
