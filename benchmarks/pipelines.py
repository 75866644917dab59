"""The pipeline that a benchmark measures: a trained one, or a new one on a pre-trained encoder."""

import argparse
import hashlib
import warnings
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.training import Example
from spacy.util import load_config, load_model_from_config, registry
from thinc.api import fix_random_seed

from spacy_biore.component import RelationExtractor
from spacy_biore.evaluation import get_extractors
from spacy_biore.model.architecture import get_shim
from spacy_biore.model.int8 import Int8Linear, has_int8
from spacy_biore.model.shim import has_bfloat16
from spacy_biore.readers import read_docs

NAME = "relation_extractor"


def add_int8(parser: argparse.ArgumentParser) -> None:
    """Add the option to predict with 8-bit integers."""
    parser.add_argument("--int8", action="store_true", help="predict with 8-bit integers (the model setting int8)")


def parse_int8(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Parse arguments; with ``--int8`` the result file gets a name of its own, and a CPU is needed that it works on."""
    settings = parser.parse_args()
    if settings.int8 and not has_int8():
        parser.error("--int8 would change nothing: this CPU does not compute with 8-bit integers")
    if settings.int8 and settings.output == parser.get_default("output"):
        settings.output = settings.output.with_stem(f"{settings.output.stem}_int8")
    return settings


def load_trained(model: str, *, int8: bool) -> Language:
    """Load a pipeline by name or path, and have all its relation extractors predict with 8-bit integers or not."""
    nlp = spacy.load(model)
    if not int8:
        return nlp
    return spacy.load(model, config={f"components.{name}.model.int8": True for name in get_extractors(nlp)})


def load_pipeline(source: str, config: Path, corpus: Path, *, seed: int = 0, int8: bool = False) -> Language:
    """Load a trained pipeline, or make one from a config on an encoder and give it random layers on top.

    Args:
        source: A folder that ``spacy train`` wrote, or an encoder: a folder, an installed package, a name on the hub.
        config: Settings of a new pipeline.
        corpus: The corpus that a new pipeline is initialised with.
        seed: Seed of a new pipeline's layers.
        int8: Predict with 8-bit integers.
    """
    if (Path(source) / "meta.json").exists():
        return load_trained(source, int8=int8)
    fix_random_seed(seed)
    paths = {"paths.encoder": source, "paths.train": str(corpus), "paths.dev": str(corpus)}
    filled = load_config(config, overrides=paths, interpolate=True)
    filled["components"][NAME]["model"]["int8"] = int8
    nlp = load_model_from_config(filled, auto_fill=True)
    extractor(nlp).initialize(lambda: [Example(doc, doc) for doc in read_docs(corpus, nlp, limit=500)], nlp=nlp)
    return nlp


def extractor(nlp: Language) -> RelationExtractor:
    """Return the component that is measured."""
    pipe = nlp.get_pipe(NAME)
    assert isinstance(pipe, RelationExtractor)
    return pipe


def training_parts(nlp: Language) -> dict[str, Any]:
    """Make a new ``batcher`` and ``optimizer`` as the pipeline's config describes them."""
    settings = nlp.config.interpolate()["training"]
    return registry.resolve({part: settings[part] for part in ("batcher", "optimizer")})


def describe_pipeline(nlp: Language) -> dict[str, Any]:
    """Say what a pipeline is: its name, what it was put together from, its components, and a digest of its config."""
    meta = nlp.meta
    return {
        "name": f"{meta['lang']}_{meta['name']} {meta['version']}",
        "sources": meta.get("sources") or [],
        "components": {name: nlp.get_pipe_meta(name).factory for name in nlp.pipe_names},
        "config_sha256": hashlib.sha256(nlp.config.to_bytes(interpolate=False)).hexdigest(),
    }


def uses_bfloat16(pipe: RelationExtractor) -> bool:
    """Say whether a component computes in bfloat16 on this machine, in training at least."""
    shim = get_shim(pipe.model)
    return shim.mixed_precision and has_bfloat16(shim.network.device.type)


def arithmetic(pipe: RelationExtractor) -> str:
    """Say what the encoder of a component predicts with on this machine: int8, bfloat16 or float32."""
    if any(isinstance(module, Int8Linear) for module in get_shim(pipe.model).inference_network.modules()):
        return "int8"
    return "bfloat16" if uses_bfloat16(pipe) else "float32"


def describe_training(nlp: Language, *, scores: str) -> dict[str, Any]:
    """Return what a pipeline's config says of its models and of their training.

    Args:
        nlp: The pipeline.
        scores: How the names begin of those scores that it had on the development corpus.
    """
    config = nlp.config.interpolate()
    training = config["training"]
    return {
        "seed": training["seed"],
        "max_steps": training["max_steps"],
        "batcher": training["batcher"],
        "learn_rate": training["optimizer"]["learn_rate"],
        "models": {name: block["model"] for name, block in config["components"].items() if "model" in block},
        "dev": {key: value for key, value in nlp.meta.get("performance", {}).items() if key.startswith(scores)},
    }


def describe_corpus(corpus: Path) -> dict[str, str]:
    """Name a corpus by its folder and its part, as in ``chemprot/test``, with a digest of the file."""
    name = f"{corpus.resolve().parent.name}/{corpus.stem}"
    return {"corpus": name, "corpus_sha256": hashlib.sha256(corpus.read_bytes()).hexdigest()}


def quiet() -> None:
    """Hide the warning of pairs that do not fit into the encoder: the result file holds their number."""
    warnings.filterwarnings("ignore", message=r"\[BRW02\]")
