"""Extract relations from plain text with an installed pipeline."""

from pathlib import Path
from typing import Annotated

import spacy
import typer


def main(
    model: Annotated[str, typer.Argument(help="An installed pipeline with a relation extractor, or its folder")],
    texts: Annotated[Path, typer.Argument(help="Plain text, one document a line")],
    terms: Annotated[
        Path | None, typer.Argument(help="Patterns of an entity ruler (JSONL), for a pipeline that finds no entities")
    ] = None,
) -> None:
    """Print the relations between the entities that the pipeline itself, or a list of terms, finds."""
    nlp = spacy.load(model)
    if terms is not None:
        nlp.add_pipe("entity_ruler", before="relation_extractor").from_disk(terms)
    lines = [line for line in texts.read_text(encoding="utf8").splitlines() if line.strip()]
    for number, doc in enumerate(nlp.pipe(lines), start=1):
        print(f"\nText {number}")
        for sentence in doc.sents:
            print(f"\n  {sentence.text}")
            for relation in doc._.relations:
                if relation.head.sent == sentence:
                    print(f"    {relation.head.text} --{relation.label}--> {relation.tail.text}   {relation.score:.2f}")
    origin = f"by the list {terms}" if terms else "found by the pipeline"
    print(f"\nEntities: {origin}. Numbers: the model's probabilities, which tend to be too sure of themselves.")


if __name__ == "__main__":
    typer.run(main)
