"""Use an installed pipeline as its users will: no network, no project folder, all of spaCy's commands."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from wasabi import msg

# Set before transformers is imported. Who asks for another address than the hub's meets a closed port.
OFFLINE = {"HF_HUB_OFFLINE": "1", "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
# The libraries import most of what they hold late: named here is what a pipeline makes them import.
IMPORTS = ("torch", "transformers", "spacy", "spacy_transformers", "scispacy.abbreviation", "spacy_biore.model.shim")


def main(
    model: Annotated[str, typer.Argument(help="An installed pipeline with a relation extractor, or its folder")],
    texts: Annotated[Path, typer.Argument(help="Plain text, one document a line", exists=True, dir_okay=False)],
    corpus: Annotated[Path | None, typer.Option("--corpus", help=".spacy file to score and to time with")] = None,
    documents: Annotated[int, typer.Option("--documents", help="How many of its documents are used")] = 20,
    seconds: Annotated[float, typer.Option("--seconds", help="Longest time to load, beyond imports")] = 3.0,
) -> None:
    """Load a pipeline, extract relations, and run spaCy's commands with it, in an empty folder and offline."""
    os.environ |= OFFLINE
    lines = [line for line in texts.read_text(encoding="utf8").splitlines() if line.strip()]
    model = str(Path(model).resolve()) if Path(model).exists() else model
    corpus = corpus and corpus.resolve()
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        extract(load(model, seconds), lines)
        apply(model, lines)
        if corpus is None:
            msg.warn("spacy evaluate and spacy benchmark speed were not run: no --corpus")
        else:
            measure(model, corpus, documents)
        os.chdir(before)
    msg.good(f"{model} works without a network and without a project folder")


def load(model: str, limit: float) -> Any:
    """Load a pipeline and print the seconds that it takes once libraries are imported; stop if there are too many."""
    libraries = [name for name in IMPORTS if find_spec(name.partition(".")[0])]
    start = time.perf_counter()
    for name in libraries:
        import_module(name)
    imported = time.perf_counter()
    nlp = import_module("spacy").load(model)
    took = time.perf_counter() - imported
    text = f"Loaded in {took:.2f} s, after {imported - start:.2f} s of importing {', '.join(libraries)}"
    if took > limit:
        msg.fail(text, f"It may take {limit:g} s.", exits=1)
    msg.good(text)
    return nlp


def extract(nlp: Any, lines: list[str]) -> None:
    """Print the relations of texts; stop if two processes find others than one."""
    docs = list(nlp.pipe(lines))
    for number, doc in enumerate(docs, start=1):
        print(f"\nText {number}")
        for relation in doc._.relations:
            print(f"    {relation.head.text} --{relation.label}--> {relation.tail.text}   {relation.score:.2f}")
    print()
    one, two = keys(docs), keys(nlp.pipe(lines, n_process=2))
    if one != two:
        msg.fail("nlp.pipe(n_process=2) finds other relations than one process does", exits=1)
    msg.good(f"nlp.pipe(n_process=2): the same {sum(map(len, one))} relations")


def apply(model: str, lines: list[str]) -> None:
    """Run `spacy apply` on a folder of texts."""
    Path("texts").mkdir()
    for number, line in enumerate(lines):
        Path("texts", f"{number}.txt").write_text(line, encoding="utf8")
    run("apply", model, "texts", "relations.spacy")


def measure(model: str, corpus: Path, documents: int) -> None:
    """Run `spacy evaluate` and `spacy benchmark speed` on the first documents of a corpus."""
    import spacy
    from spacy.tokens import DocBin

    docs = list(DocBin().from_disk(corpus).get_docs(spacy.blank("en").vocab))[:documents]
    DocBin(docs=docs, store_user_data=True).to_disk("some.spacy")
    run("evaluate", model, "some.spacy")
    run("benchmark", "speed", model, "some.spacy", "--batch-size", "4", "--batches", "30", "--warmup", "1")


def run(*command: str) -> None:
    """Run a command of spaCy; stop with its exit code if it fails."""
    code = subprocess.run([sys.executable, "-m", "spacy", *command]).returncode
    if code:
        msg.fail(f"spacy {' '.join(command)} failed", exits=code)
    msg.good(f"spacy {' '.join(command)}")


def keys(docs: Iterable[Any]) -> list[list[tuple[str, str, str]]]:
    """Return the relations of docs without their scores, whose last digits depend on the batch."""
    return [[(str(one.head), one.label, str(one.tail)) for one in doc._.relations] for doc in docs]


if __name__ == "__main__":
    typer.run(main)
