"""Remove what the project made, but no corpus that was put there by hand."""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from prepare_corpus import SOURCES
from wasabi import msg


def main(paths: Annotated[list[Path], typer.Argument(help="Files and folders; those that aren't there are no error")]):
    """Remove files and folders. What is in corpus/ must be a corpus that can be made again."""
    for path in paths:
        if path.parent.name == "corpus" and path.name not in SOURCES:
            msg.info(f"{path} stays: it was not made here")
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    typer.run(main)
