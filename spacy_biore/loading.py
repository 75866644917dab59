"""Loading pipelines for the commands."""

import spacy
from spacy.language import Language

from .errors import BioreError, Errors


def load_pipeline(model: str) -> Language:
    """Load a pipeline by name or path.

    Raises:
        BioreError: BR300 if it can't be loaded.
    """
    try:
        return spacy.load(model)
    except (OSError, ImportError, ValueError, KeyError, AttributeError) as error:
        raise BioreError(Errors.BR300.format(name=model, problem=str(error).rstrip("."))) from error
