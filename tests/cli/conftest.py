"""A small corpus to convert, where it goes, and what came out."""

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin

PUBTATOR = (
    "{id}|t|Zorbin harms.\n{id}|a|Zorbin causes drowsiness. It blocks QRX2/3.\n"
    "{id}\t0\t6\tZorbin\tChemical\tD1\n"
    "{id}\t14\t20\tZorbin\tChemical\tD1\n"
    "{id}\t28\t38\tdrowsiness\tDisease\tD2\n"
    "{id}\t50\t54\tQRX2\tGene\t7\n"
    "{id}\tCID\tD1\tD2\n"
    "{id}\tBINDS\tD1\t7\n"
    "{id}\tCID\tD1\tD9\n\n"
)


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """A folder of three splits in PubTator format; the last of them has an article twice."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name, ids in {"train": range(10, 14), "dev": [20], "test": [30, 30]}.items():
        (folder / f"c_{name}.PubTator").write_text("".join(PUBTATOR.format(id=doc_id) for doc_id in ids))
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the output goes."""
    return tmp_path / "out"


@pytest.fixture
def written(out: Path) -> Callable[[], dict[str, list[Doc]]]:
    """A function that reads the docs of each file of the output."""

    def read() -> dict[str, list[Doc]]:
        vocab, paths = spacy.blank("en").vocab, sorted(out.rglob("*"))
        return {path.relative_to(out).as_posix(): list(DocBin().from_disk(path).get_docs(vocab)) for path in paths}

    return read
