"""Learn word vectors (floret) from unlabelled text, for recognisers."""

import tempfile
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Annotated

import numpy as np
import spacy
import typer
from spacy.training.initialize import convert_vectors
from spacy.util import minibatch
from spacy.vectors import Vectors
from wasabi import msg

from spacy_biore.adaptation.exclusion import leave_out, read_exclusions
from spacy_biore.adaptation.texts import read_texts
from spacy_biore.assembly.scispacy_parts import use_tokenizer
from spacy_biore.cli.common import check_output, messages, progress, save_pipeline

SPLIT = "-/()[]:,+"  # as in the configs of recognisers
LEAST_COUNT = 5
WINDOW = 5
BATCH = 1000  # documents
FREQUENT = 5000  # words that tell how long vectors are
FAILURE = "No vectors were learned"


def main(
    text: Annotated[list[Path], typer.Argument(help="As `biore adapt --text`; what is named twice counts double")],
    output: Annotated[Path, typer.Argument(help="Folder for the vectors, as `spacy init vectors` makes it")],
    exclude_ids: Annotated[list[Path] | None, typer.Option(help="Documents to leave out, such as test sets")] = None,
    width: Annotated[int, typer.Option(min=1, help="Numbers a vector")] = 96,
    rows: Annotated[int, typer.Option(min=1, help="Rows of the table that words and their parts share")] = 10_000,
    epochs: Annotated[int, typer.Option(min=1, help="Passes through the text")] = 5,
) -> None:
    """Learn a vector for each row; a word's is the mean of those of the word and its parts of 3 to 6 letters.

    One thread, so that the same text gives the same vectors. Case does not matter. Vectors are scaled to a mean length
    of 1 and rounded to half precision, so that a package compresses them better.
    """
    try:
        import floret
    except ImportError:
        msg.fail(FAILURE, "Install floret: pip install -e '.[scispacy,vectors]' -c constraints.txt", exits=1)
    # Another than the one that reads the text: the strings of a pipeline are saved with it.
    nlp = spacy.blank("en")
    with messages(FAILURE), tempfile.TemporaryDirectory() as folder:
        check_output(output, [])
        words, table = Path(folder) / "words.txt", Path(folder) / "table.floret"
        counts = write_words(text, words, exclude_ids)
        msg.info(", ".join(f"{name}: {count:,}" for name, count in counts.items()))
        try:
            model = floret.train_unsupervised(
                str(words), model="cbow", mode="floret", hashCount=2, bucket=rows, minn=3, maxn=6, minCount=LEAST_COUNT,
                dim=width, epoch=epochs, ws=WINDOW, thread=1,
            )  # fmt: skip
        except ValueError as error:
            msg.fail(FAILURE, f"The text that is left is too little: {error}", exits=1)
        model.save_floret_vectors(str(table))
        convert_vectors(nlp, table, truncate=0, prune=-1, mode="floret", attr="LOWER")
        normalise(nlp.vocab.vectors, model.get_words()[:FREQUENT])
        save_pipeline(nlp, output)
    msg.good(f"{rows:,} rows of width {width} in {output}")


def write_words(text: list[Path], path: Path, exclude_ids: list[Path] | None) -> Counter[str]:
    """Write the tokens of each document in lower case on a line of its own; return what was read and left out."""
    nlp = use_tokenizer(spacy.blank("en"), split=SPLIT)
    counts: Counter[str] = Counter()
    # One by one, or what is named twice would be read once.
    texts = chain.from_iterable(read_texts([path]) for path in text)
    if exclude_ids:
        texts = leave_out(texts, read_exclusions(exclude_ids), counts)
    with path.open("w", encoding="utf8") as file:
        for batch in minibatch(progress(texts, "text"), BATCH):
            # Without it the vocabulary would grow with the text.
            with nlp.memory_zone():
                for document in batch:
                    tokens = [token.lower_ for token in nlp.tokenizer(document.text) if not token.is_space]
                    print(*tokens, file=file)
                    counts.update(documents=1, tokens=len(tokens))
    return counts


def normalise(vectors: Vectors, words: list[str]) -> None:
    """Scale the table so that the vectors of these words have a mean length of 1, and round it to half precision."""
    lengths = np.linalg.norm(vectors.get_batch(words), axis=1)
    vectors.data = (vectors.data / lengths.mean()).astype(np.float16).astype(np.float32)


if __name__ == "__main__":
    typer.run(main)
