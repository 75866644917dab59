"""Extract relations from plain text with an installed pipeline and a list of terms."""

from pathlib import Path
from typing import Annotated

import spacy
import typer


def main(
    model: Annotated[str, typer.Argument(help="An installed pipeline with a relation extractor, or its folder")],
    texts: Annotated[Path, typer.Argument(help="Plain text, one document a line")],
    terms: Annotated[Path, typer.Argument(help="Patterns of the entity ruler that finds the entities (JSONL)")],
) -> None:
    """Find entities by the list of terms, and print the relations between them."""
    nlp = spacy.load(model)
    nlp.add_pipe("entity_ruler", before="relation_extractor").from_disk(terms)
    lines = [line for line in texts.read_text(encoding="utf8").splitlines() if line.strip()]
    for number, doc in enumerate(nlp.pipe(lines), start=1):
        print(f"\nText {number}")
        for sentence in doc.sents:
            print(f"\n  {sentence.text}")
            for relation in doc._.relations:
                if relation.head.sent == sentence:
                    print(f"    {relation.head.text} --{relation.label}--> {relation.tail.text}   {relation.score:.2f}")
    print(
        f"\nEntities: by the list {terms}. Numbers: the model's probabilities, which tend to be too sure of themselves."
    )


if __name__ == "__main__":
    typer.run(main)
