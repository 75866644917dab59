"""Remove what the project made, but no corpus that it could not make again."""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from prepare_corpus import SOURCES, places
from wasabi import msg


def main(paths: Annotated[list[str], typer.Argument(help="FOLDER/NAME; those that aren't there are no error")]) -> None:
    """Remove files and folders. Of corpus/, only what can be made again is removed."""
    targets = [Path(path) for path in paths]
    for path, target in zip(paths, targets, strict=True):
        if target.is_absolute() or ".." in target.parts or len(target.parts) < 2 or path.endswith("/"):
            msg.fail(f"'{path}' is too much to remove", "Is a variable blank, or with a blank inside?", exits=1)
    for target in targets:
        if target.parts[0] == "corpus" and target.exists() and not can_be_made("/".join(target.parts[1:])):
            msg.info(f"{target} stays: it could not be made again")
        else:
            remove(target)


def can_be_made(corpus: str) -> bool:
    """Say whether the source of a corpus is there."""
    return corpus in SOURCES and any(place.exists() for place in places(SOURCES[corpus]))


def remove(path: Path) -> None:
    """Remove a file, a folder, or a link without what it leads to; stop if that fails."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        msg.fail(f"Can't remove {path}", str(error), exits=1)


if __name__ == "__main__":
    typer.run(main)
