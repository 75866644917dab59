"""What training on predicted entities needs of a pipeline: a recogniser that runs before each update."""

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from spacy.language import Language

from .errors import BioreError, Errors, Warnings

ENTITY_HOLDERS = {"doc.ents", "doc.spans"}


def check_annotating(nlp: Language, extractors: Iterable[str]) -> None:
    """Check that entities are predicted while relation extractors are trained on them.

    Nothing is checked if the training corpus of the pipeline's config has gold entities.

    Args:
        nlp: The pipeline.
        extractors: Names of the relation extractors that learn.

    Raises:
        BioreError: BR036 if no annotating component before an extractor sets entities; BR037 if one of them reads what
            a component computes that is none.
    """
    if _entities_of(nlp, "train_corpus") != "predicted":
        return
    annotating = nlp.config.get("training", {}).get("annotating_components", [])
    names = nlp.component_names
    for name in extractors:
        earlier = names[: names.index(name)]
        if not any(_may_set_entities(nlp, one) for one in earlier if one in annotating):
            raise BioreError(Errors.BR036.format(name=name, annotating=annotating, pipeline=names))
    for listener, source in _listeners(nlp):
        if listener in annotating and source not in annotating:
            raise BioreError(Errors.BR037.format(name=listener, source=source))


def warn_of_gold(nlp: Language, path: str | Path) -> None:
    """Warn if a corpus with gold entities hides those that the pipeline would find, and it is not scored on others."""
    if _entities_of(nlp, "dev_corpus") == "predicted":
        return
    setters = [name for name in nlp.pipe_names if ENTITY_HOLDERS & {*nlp.get_pipe_meta(name).assigns}]
    if setters:
        names = ", ".join(f"'{name}'" for name in setters)
        warnings.warn(Warnings.BRW27.format(path=path, setters=names), stacklevel=3)


def _entities_of(nlp: Language, corpus: str) -> str | None:
    """Return the setting ``entities`` of a corpus, which the config's section ``training`` names by this key."""
    config: dict[str, Any] = nlp.config.interpolate()
    section, _, name = config.get("training", {}).get(corpus, "").partition(".")
    return config.get(section, {}).get(name, {}).get("entities")


def _may_set_entities(nlp: Language, name: str) -> bool:
    """Say whether a component declares that it sets entities, or declares nothing, as many of users' own do."""
    assigns = nlp.get_pipe_meta(name).assigns
    return not assigns or bool(ENTITY_HOLDERS & {*assigns})


def _listeners(nlp: Language) -> Iterator[tuple[str, str]]:
    """Yield each component that listens to another, with the name of that one."""
    for source, pipe in nlp.components:
        for listener in getattr(pipe, "listening_components", []):
            yield listener, source
