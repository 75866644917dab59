"""What makes a training this training."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import srsly
from thinc.api import Config

from ..run_folder import digest_path


def identify_training(config: Config) -> dict[str, Any]:
    """Return the values of a config, and the digests of the files and folders that they name, as JSON data."""
    values = config.interpolate()
    named = {text for text in _strings(values) if text.strip("./") and os.path.exists(text)}
    return {
        "config": srsly.json_loads(srsly.json_dumps(values)),
        "contents": {text: digest_path(Path(text)) for text in named},
    }


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for item in value.values() for text in _strings(item))
    elif isinstance(value, list | tuple):
        yield from (text for item in value for text in _strings(item))
