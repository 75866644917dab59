"""Accuracy: the scores of a trained pipeline's relations on a corpus, given gold entities and, if asked, end to end."""

from pathlib import Path
from typing import Any

import spacy
import torch
from spacy.language import Language

from spacy_biore.evaluation import evaluate
from spacy_biore.readers import read_docs

from .common import make_parser, write_result
from .pipelines import describe_corpus, describe_pipeline, describe_training, extractor, quiet


def measure(nlp: Language, corpus: Path, *, end_to_end: bool = False, batch_size: int | None = None) -> dict[str, Any]:
    """Evaluate a pipeline on a corpus given gold entities.

    Args:
        nlp: The pipeline.
        corpus: A ``.spacy`` file with gold relations.
        end_to_end: Evaluate it from text to relations too. It is described as what it was put together from then, as
            its config does not say how each part was trained.
        batch_size: Docs a batch; None for the pipeline's own setting.
    """
    views = {"scores": False, "end_to_end": True} if end_to_end else {"scores": False}
    return {
        **describe_corpus(corpus),
        "pipeline": describe_pipeline(nlp),
        **({} if end_to_end else {"training": describe_training(nlp, scores="rel_micro")}),
        "threshold": extractor(nlp).cfg["threshold"],
        **{
            name: evaluate(nlp, read_docs(corpus, nlp), end_to_end=view, batch_size=batch_size).to_dict()
            for name, view in views.items()
        },
    }


def main() -> None:
    """Run the benchmark from the command line."""
    parser = make_parser(__doc__, name="accuracy")
    parser.add_argument("model", help="a trained pipeline")
    parser.add_argument("corpus", type=Path, help="a .spacy file with gold relations")
    parser.add_argument("--end-to-end", action="store_true", help="from text to relations too, with a recogniser")
    settings = parser.parse_args()
    quiet()
    torch.set_num_threads(settings.threads)
    nlp = spacy.load(settings.model)
    write_result(settings.output, settings, measure(nlp, settings.corpus, end_to_end=settings.end_to_end))


if __name__ == "__main__":
    main()
