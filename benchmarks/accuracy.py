"""Accuracy: the scores of a trained pipeline on a corpus, with how it was trained."""

import hashlib
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language

from spacy_biore.evaluation import evaluate
from spacy_biore.readers import read_docs

from .common import make_parser, write_result
from .pipelines import NAME, extractor, quiet


def measure(nlp: Language, corpus: Path, *, batch_size: int | None = None) -> dict[str, Any]:
    """Evaluate a pipeline on a corpus given gold entities."""
    return {
        "corpus_sha256": hashlib.sha256(corpus.read_bytes()).hexdigest(),
        "training": describe_training(nlp),
        "threshold": extractor(nlp).cfg["threshold"],
        "scores": evaluate(nlp, read_docs(corpus, nlp), batch_size=batch_size).to_dict(),
    }


def describe_training(nlp: Language) -> dict[str, Any]:
    """Return what a pipeline's config says of its training, and its best score on the development corpus."""
    config = nlp.config.interpolate()
    training = config["training"]
    return {
        "seed": training["seed"],
        "max_steps": training["max_steps"],
        "batcher": dict(training["batcher"]),
        "learn_rate": dict(training["optimizer"]["learn_rate"]),
        "model": dict(config["components"][NAME]["model"]),
        "dev": {key: value for key, value in nlp.meta["performance"].items() if key.startswith("rel_micro")},
    }


def main() -> None:
    """Run the benchmark from the command line."""
    parser = make_parser(__doc__, name="accuracy")
    parser.add_argument("model", help="a trained pipeline")
    parser.add_argument("corpus", type=Path, help="a .spacy file with gold relations")
    settings = parser.parse_args()
    quiet()
    write_result(settings.output, settings, measure(spacy.load(settings.model), settings.corpus))


if __name__ == "__main__":
    main()
