"""Check what a package will state: its version, and the terms of the corpora, encoders and texts it is made from."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import srsly
import typer
from packaging.version import InvalidVersion, Version
from spacy.training.corpus import FILE_TYPE
from spacy.util import load_config
from wasabi import msg

# What a package states of each source.
TERMS = ("name", "url", "author", "license")


def main(
    path: Annotated[Path, typer.Argument(help="YAML file that tells of sources")],
    names: Annotated[str, typer.Argument(help="What a package is made from: CORPUS,ENCODER,TEXT")],
    recogniser: Annotated[Path | None, typer.Option(help="Config of its recogniser")] = None,
    options: Annotated[str, typer.Option(help="Further settings of the recogniser's training")] = "",
    version: Annotated[str | None, typer.Option(help="Version of the package")] = None,
) -> None:
    """Check that a file states the terms of some sources, and that a version is one."""
    if version is not None:
        check_version(version)
    found = find_sources(path, names, recogniser=recogniser, has_vectors="--paths.vectors" in options)
    msg.good("A package will state the terms of its sources", ", ".join(source["name"] for source in found))


def find_sources(
    path: Path, names: str, *, recogniser: Path | None = None, has_vectors: bool = False
) -> list[dict[str, str]]:
    """Return the entries of a file of sources with these names; stop if one is missing or does not state its terms.

    Args:
        path: The file.
        names: CORPUS,ENCODER,TEXT: of texts there may be none, or several.
        recogniser: Config of the recogniser, which may learn from further corpora.
        has_vectors: Whether there are word vectors, which were learned from a text.
    """
    known = read_sources(path)
    parts = [name.strip() for name in names.split(",")]
    wanted = [name for name in dict.fromkeys((*parts, *(corpora_of(recogniser) if recogniser else ()))) if name]
    if has_vectors and not any(parts[2:]):
        msg.fail("No source of the word vectors", "Name their text: --vars.text_source NAME.", exits=1)
    if not wanted:
        msg.fail("A package is made from something: name its corpus and encoder", exits=1)
    for name in wanted:
        if not states_terms(known.get(name)):
            advice = (
                f"A package states the terms of all it is made from. Add '{name}' with a name and a license, and "
                "perhaps an author and a url, as text in quotes. If it is an encoder that is there under another "
                "name, say so: --vars.encoder_source NAME."
            )
            msg.fail(f"{path} does not tell what '{name}' is", advice, exits=1)
    return [{key: known[name][key] for key in TERMS if known[name].get(key)} for name in wanted]


def read_sources(path: Path) -> dict[str, Any]:
    """Return the entries of a file of sources by name; stop if it is no such file."""
    try:
        known = srsly.read_yaml(path)
    except (OSError, ValueError) as error:
        msg.fail(f"Can't read {path}", str(error), exits=1)
    if not isinstance(known, dict):
        msg.fail(
            f"{path} does not tell of sources", "It needs entries such as: mine: {name: ..., license: ...}", exits=1
        )
    return known


def states_terms(entry: Any) -> bool:
    """Say whether an entry has a name and a license, and these and what else a package states are text."""
    if not isinstance(entry, dict) or not (entry.get("name") and entry.get("license")):
        return False
    return all(isinstance(entry[key], str) and entry[key].strip() for key in TERMS if entry.get(key))


def check_version(version: str) -> None:
    """Stop if this is not the version of a Python package, as pip writes it."""
    try:
        is_right = str(Version(version)) == version
    except InvalidVersion:
        is_right = False
    if not is_right:
        advice = "Give one such as 1.2.0 or 1.2.0rc1: --vars.version 1.2.0"
        msg.fail(f"'{version}' is no version of a package as pip writes it", advice, exits=1)


def corpora_of(config: Path) -> list[str]:
    """Return the corpora that a recogniser learns from beside that of the project, by the names of their folders."""
    try:
        reader = load_config(config, interpolate=True)["corpora"]["train"]
        paths = [Path(entry["path"]) for entry in reader.get("corpora", [])]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg.fail(f"Can't read the config {config}", str(error), exits=1)
    return [path.parent.name if path.suffix == FILE_TYPE else path.name for path in paths]


def list_terms(sources: Iterable[dict[str, str]]) -> str:
    """Return sources and their terms as a list in Markdown."""
    lines = []
    for source in sources:
        origin = ", ".join(source[key] for key in ("author", "url") if key in source)
        lines.append(f"- {source['name']}{f' ({origin})' if origin else ''}: {source['license']}")
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
