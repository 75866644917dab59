"""Inference: the component beside its bare encoder and beside a loop that classifies texts in file order."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from spacy_biore.model.architecture import get_shim
from spacy_biore.model.layout import PADDING
from spacy_biore.model.network import RelationNetwork
from spacy_biore.readers import read_docs, with_gold_entities

from .common import ROOT, make_parser, rates, ratio, time_in_turn, write_result
from .pipelines import NAME, add_int8, arithmetic, extractor, load_pipeline, parse_int8, quiet
from .text_inputs import TextInput, call_tokenizer, find_places, text_inputs

LOOP_BATCH = 32
TARGETS = {"component_to_encoder": 0.9, "component_to_loop": 3.0}

# ids, mask, head, tail, layout
Inputs = tuple[Any, ...]


def compare(nlp: Language, references: Sequence[Doc], *, rounds: int) -> dict[str, Any]:
    """Measure the three ways with the same weights on the same pairs.

    The component's time is all that ``nlp.pipe`` takes: candidates, word pieces, batches, network, relations.
    """
    model = extractor(nlp).model
    network, fast, max_length = get_shim(model).network, get_shim(model).inference_network, model.attrs["max_length"]
    # On a CPU the weights are in half precision or int8 already.
    autocast = arithmetic(extractor(nlp)) == "bfloat16" and fast is network
    docs = [with_gold_entities(nlp, reference) for reference in references]
    candidates = extractor(nlp).get_candidates(docs)
    texts, tokenizer = list(text_inputs(model, docs, candidates)), call_tokenizer(model)
    scored = model.predict((docs, candidates))
    with nlp.select_pipes(enable=NAME):
        batches = record_inputs(fast, lambda: list(nlp.pipe(docs)))
        looped = classify_texts(network, tokenizer, texts, max_length=max_length)
        encode_batches(fast, batches, bfloat16=autocast)

        def component() -> Callable[[], object]:
            fresh = [with_gold_entities(nlp, reference) for reference in references]
            return lambda: list(nlp.pipe(fresh))

        seconds = time_in_turn(
            {
                "component": component,
                "encoder": lambda: lambda: encode_batches(fast, batches, bfloat16=autocast),
                "loop": lambda: lambda: classify_texts(network, tokenizer, texts, max_length=max_length),
            },
            rounds=rounds,
        )
    return {
        "arithmetic": arithmetic(extractor(nlp)),
        "pairs": {"docs": len(docs), "all": len(texts), "scored": len(scored.rows), **describe_batches(batches)},
        "pairs_per_second": rates(seconds, len(texts)),
        "ratios": {
            "component_to_encoder": ratio(seconds, "component", "encoder"),
            "component_to_loop": ratio(seconds, "component", "loop"),
        },
        "targets": TARGETS,
        "agreement": agreement(scored.logits, looped[scored.rows]),
    }


def record_inputs(network: RelationNetwork, run: Callable[[], object]) -> list[Inputs]:
    """Return the inputs of every call of the network while something runs."""
    inputs: list[Inputs] = []
    handle = network.register_forward_pre_hook(lambda _, args: inputs.append(args))
    try:
        run()
    finally:
        handle.remove()
    return inputs


def encode_batches(network: RelationNetwork, batches: Sequence[Inputs], *, bfloat16: bool) -> list[Tensor]:
    """Run the encoder alone, as the component runs it.

    Returns:
        (batch, width) the states of the first piece, for every batch. Keeping whole layers would cost time of its own.
    """
    with torch.inference_mode(), torch.autocast(network.device.type, dtype=torch.bfloat16, enabled=bfloat16):
        return [network.last_layer(ids, mask, layout)[:, 0].clone() for ids, mask, _, _, layout in batches]


def classify_texts(
    network: RelationNetwork, tokenizer: PreTrainedTokenizerFast, texts: Sequence[TextInput], *, max_length: int
) -> NDArray[np.float32]:
    """Classify texts as a text-classification pipeline does: in file order, 32 at a time, in single precision.

    Returns:
        (texts, classes) logits
    """
    logits = []
    for start in range(0, len(texts), LOOP_BATCH):
        chunk = texts[start : start + LOOP_BATCH]
        encoded = tokenizer(
            [item.text for item in chunk], padding=True, truncation=True, max_length=max_length, return_tensors="pt"
        ).to(network.device)
        ids, mask = encoded["input_ids"], encoded["attention_mask"].bool()
        with torch.inference_mode():
            head, tail = (find_places(ids, [getattr(item, role) for item in chunk]) for role in ("head", "tail"))
            logits.append(network(ids, mask, head, tail).cpu().numpy())
    return np.concatenate(logits)


def describe_batches(batches: Sequence[Inputs]) -> dict[str, Any]:
    """Count the inputs that the encoder sees, which differ from each other, and its word pieces."""
    pieces = sum(int((mask if layout is None else layout.owners != PADDING).sum()) for _, mask, *_, layout in batches)
    places, distinct = sum(ids.numel() for ids, *_ in batches), sum(len(mask) for _, mask, *_ in batches)
    return {
        "distinct": distinct,
        "batches": len(batches),
        "pieces_per_pair": round(pieces / distinct, 1),
        "padding": round(1 - pieces / places, 3),
    }


def agreement(logits: NDArray[np.float32], others: NDArray[np.float32]) -> dict[str, Any]:
    """Compare the component's logits with those of the loop, which cuts long texts at the end and rounds less.

    A model that shares texts was not made for what the loop shows it; there they differ.
    """
    difference = np.abs(logits - others).max(axis=1)
    return {
        "same_class": round(float((logits.argmax(axis=1) == others.argmax(axis=1)).mean()), 4),
        "median_logit_difference": round(float(np.median(difference)), 5),
    }


def main() -> None:
    """Run the benchmark from the command line."""
    parser = make_parser(__doc__, name="inference_speed")
    parser.add_argument("source", help="a trained pipeline, or an encoder: folder, installed package, name on the hub")
    parser.add_argument("corpus", type=Path, help="a .spacy file with gold entities")
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "chemprot.cfg", help="for a new pipeline")
    parser.add_argument("--limit", type=int, default=2000, help="documents; 0 for all")
    parser.add_argument("--repeats", type=int, default=5, help="rounds")
    add_int8(parser)
    settings = parse_int8(parser)
    quiet()
    torch.set_num_threads(settings.threads)
    nlp = load_pipeline(settings.source, settings.config, settings.corpus, seed=settings.seed, int8=settings.int8)
    references = list(read_docs(settings.corpus, nlp, limit=settings.limit))
    write_result(settings.output, settings, compare(nlp, references, rounds=settings.repeats))


if __name__ == "__main__":
    main()
