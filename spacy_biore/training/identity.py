"""What makes a training this training."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import srsly
from spacy.about import __version__ as spacy_version
from thinc.api import Config

from .. import __version__
from ..run_folder import digest_path


def identify_training(config: Config, output: Path, *, code: Path | None = None) -> dict[str, Any]:
    """Return the values of a config and the digests of the files and folders that they name, as JSON data.

    Args:
        config: The config, complete.
        output: The folder that the training writes to. What lies in it, or holds it, is not learned from.
        code: File with the user's own functions.
    """
    values = config.interpolate()
    # It has no part in what is learned, and writes to the files that it names.
    values["training"].pop("logger", None)
    named = {Path(text) for text in _strings(values) if text.strip("./") and os.path.exists(text)}
    read = {path for path in named if not _related(path.resolve(), output.resolve())} | ({code} if code else set())
    return {
        "versions": [__version__, spacy_version],
        "config": srsly.json_loads(srsly.json_dumps(values)),
        "contents": {str(path): digest_path(path) for path in read},
    }


def _related(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for item in value.values() for text in _strings(item))
    elif isinstance(value, list | tuple):
        yield from (text for item in value for text in _strings(item))
