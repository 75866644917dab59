"""A small corpus of several articles, and a config that learns from it in two steps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spacy.tokens import Doc, DocBin
from thinc.api import Config

from spacy_biore.crossval.training import Files
from spacy_biore.relations import DOC_ID_KEY, GROUP_KEY


@pytest.fixture
def config_path(training_config: Config, tmp_path: Path) -> Path:
    """A config of spacy train that ends after two steps."""
    path = tmp_path / "config.cfg"
    training_config.to_disk(path)
    return path


@pytest.fixture(scope="session")
def sentence(make_doc: Callable[..., Doc]) -> Callable[..., Doc]:
    """A function that makes the Doc of one sentence of an article; ``related`` says whether its pair is positive."""

    def make(article: str, number: int, *, related: bool = True) -> Doc:
        verb = "blocks" if related else "spares"
        relations = [(0, 1, "INHIBITS")] if related else []
        doc = make_doc(f"[drug{article}{number}|CHEMICAL] {verb} [enzyme{article}|GENE].", relations)
        doc.user_data.update({DOC_ID_KEY: f"{article}.s{number}", GROUP_KEY: article})
        return doc

    return make


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes docs to a file below the test's folder."""

    def to_file(name: str, docs: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        DocBin(docs=docs, store_user_data=True).to_disk(path)
        return path

    return to_file


@pytest.fixture
def files(sentence: Callable[..., Doc], save: Callable[..., Path]) -> Files:
    """The corpora of a run: twelve docs, the same in all three."""
    docs = [sentence(article, number, related=number % 2 == 0) for article in "abc" for number in range(4)]
    return Files(*(save(f"{name}.spacy", docs) for name in ("train", "dev", "test")))
