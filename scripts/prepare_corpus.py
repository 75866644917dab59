"""Convert one of the project's corpora to .spacy files, from the repository, a local copy or a download."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from wasabi import msg

ASSETS = Path("assets")
PARTS = ("train", "dev", "test")


class Source(NamedTuple):
    """Where a corpus is: a path under assets/ or under the folder that BIORE_CORPORA names; and how to convert it."""

    path: str
    format: str
    options: tuple[str, ...] = ()


SOURCES = {
    "sample": Source("sample/sample.jsonl", "jsonl", ("--split", "0.7,0.15,0.15", "--seed", "0")),
    # Tokens are cut where a mention ends inside one, so that no gold relation is lost.
    "chemprot": Source("chemprot", "chemprot", ("--align", "cut")),
    "chemprot_instances": Source("su_eval_sets/ChemProtMS.tar.gz", "masked", ("--pair", "CHEMICAL,GENE")),
    "ddi_instances": Source(
        "su_eval_sets/ddi2013ms.tar.gz",
        "masked",
        ("--map-labels", "DDI-advise=advise,DDI-effect=effect,DDI-int=int,DDI-mechanism=mechanism"),
    ),
    # Ten folders, each with a train.spacy and a test.spacy.
    "aimed_instances": Source("su_eval_sets/aimed.tar.gz", "masked", ("--map-labels", "1=INTERACTS")),
    # Ten folds of whole articles, a file each.
    "aimed_documents": Source("ppi/aimed_folds", "ppi", ("--map-labels", "PPI=INTERACTS")),
}


def main(
    corpus: Annotated[str, typer.Argument(help=f"One of {', '.join(SOURCES)}")],
    output: Annotated[Path, typer.Argument(help="Folder for train.spacy, dev.spacy and test.spacy, or for the folds")],
) -> None:
    """Convert a corpus. The environment variable BIORE_CORPORA may name a folder with local copies.

    A folder that holds the three parts already is left as it is.
    """
    if corpus not in SOURCES:
        if all((output / f"{part}.spacy").exists() for part in PARTS):
            msg.good(f"{output} holds {', '.join(PARTS)} already")
            return
        msg.fail(
            f"No corpus '{corpus}'",
            f"Known: {', '.join(SOURCES)}. Put {', '.join(PARTS)} of another into {output} as .spacy files: "
            "python -m spacy biore convert",
            exits=1,
        )
    source = SOURCES[corpus]
    with tempfile.TemporaryDirectory() as scratch:
        path = unpacked(located(source), Path(scratch))
        command = [sys.executable, "-m", "spacy", "biore", "convert", source.format, str(path), str(output)]
        raise SystemExit(subprocess.run([*command, *source.options]).returncode)


def located(source: Source) -> Path:
    """Return the first place where a corpus is."""
    roots = [*(Path(folder) for folder in [os.environ.get("BIORE_CORPORA")] if folder), ASSETS]
    for root in roots:
        if (root / source.path).exists():
            return root / source.path
    places = " or ".join(str(root / source.path) for root in roots)
    msg.fail(f"The corpus is not at {places}", "Run: python -m spacy project assets; or set BIORE_CORPORA", exits=1)
    raise AssertionError


def unpacked(path: Path, scratch: Path) -> Path:
    """Return a folder with the contents of an archive, also of the archives inside it; other paths as they are."""
    archives = [path] if path.suffix in (".gz", ".zip") else sorted(path.glob("*.zip")) if path.is_dir() else []
    if not archives:
        return path
    while archives:
        for archive in archives:
            shutil.unpack_archive(archive, scratch / archive.name.split(".")[0])
            if scratch in archive.parents:
                archive.unlink()
        archives = sorted(scratch.rglob("*.zip"))
    return scratch


if __name__ == "__main__":
    typer.run(main)
