"""Recognition: the scores of a pipeline's entities on a corpus, from raw text, by exact match."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_biore.component import RelationExtractor
from spacy_biore.readers import read_docs
from spacy_biore.recognition.annotation import all_mentions
from spacy_biore.recognition.scorer import score_entities

from .common import make_parser, write_result
from .pipelines import describe_corpus, describe_pipeline, describe_training

FOLDER = "recognition"


def measure(nlp: Language, corpus: Path) -> dict[str, Any]:
    """Score the entities that a pipeline finds in the texts of a corpus, whatever scorer it has itself."""
    references = list(read_docs(corpus, nlp))
    unneeded = [name for name, pipe in nlp.pipeline if isinstance(pipe, RelationExtractor)]
    docs = nlp.pipe((reference.text for reference in references), disable=unneeded)
    examples = [Example(doc, reference) for doc, reference in zip(docs, references, strict=True)]
    return {
        **describe_corpus(corpus),
        "pipeline": describe_pipeline(nlp),
        "training": describe_training(nlp, scores="ents_"),
        "documents": len(references),
        "gold": count_mentions(references),
        "scores": score_entities(examples),
    }


def count_mentions(references: Sequence[Doc]) -> dict[str, int]:
    """Count the distinct gold mentions of each type."""
    counts: Counter[str] = Counter()
    for reference in references:
        counts.update(label for *_, label in {(m.start_char, m.end_char, m.label_) for m in all_mentions(reference)})
    return dict(sorted(counts.items()))


def main() -> None:
    """Run the benchmark from the command line."""
    parser = make_parser(__doc__, name="recognition", folder=FOLDER)
    parser.add_argument("model", help="a pipeline that finds entities")
    parser.add_argument("corpus", type=Path, help="a .spacy file with gold entities, such as corpus/bc5cdr/test.spacy")
    settings = parser.parse_args()
    torch.set_num_threads(settings.threads)
    write_result(settings.output, settings, measure(spacy.load(settings.model), settings.corpus))


if __name__ == "__main__":
    main()
