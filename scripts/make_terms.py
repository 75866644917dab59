"""Make a list of terms, TYPE<tab>term a line, from the mentions of a corpus: for `spacy biore adapt --terms`."""

from pathlib import Path
from typing import Annotated

import spacy
import typer
from wasabi import msg

from spacy_biore.cli.common import messages, read_corpus

FAILURE = "No terms were listed"
LEAST_LENGTH = 3  # shorter names are too often something else


def main(
    corpus: Annotated[Path, typer.Argument(help=".spacy file with entities, or a folder of them")],
    output: Annotated[Path, typer.Argument(help="The list")],
) -> None:
    """Write the distinct mentions of a corpus with their types, without those that have two types."""
    types: dict[str, set[str]] = {}
    with messages(FAILURE):
        for doc in read_corpus(corpus, spacy.blank("en")):
            spans = [*doc.ents, *(span for group in doc.spans.values() for span in group)]
            for span in spans:
                term = " ".join(span.text.split()).lower()
                if len(term) >= LEAST_LENGTH and not term.startswith("@"):
                    types.setdefault(term, set()).add(span.label_)
    terms = sorted(f"{min(labels)}\t{term}" for term, labels in types.items() if len(labels) == 1)
    if not terms:
        msg.fail(FAILURE, f"{corpus} names nothing; tags such as @GENE$ are no names", exits=1)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("\n".join(terms) + "\n", encoding="utf8")
    msg.good(f"{len(terms)} terms in {output}; {len(types) - len(terms)} of two types left out")


if __name__ == "__main__":
    typer.run(main)
