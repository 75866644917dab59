"""Word vectors from unlabelled text, and a recogniser on them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.cli.train import train
from spacy.tokens import Doc, DocBin

pytest.importorskip("scispacy")
pytest.importorskip("floret")

ROOT = Path(__file__).parents[2]
TEXT = "Flaxol-induced grimpox raised nolf3 in mice , and flaxol lowered it again ."


@pytest.fixture(scope="module")
def make_vectors(
    script: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., tuple[Path, str]]:
    """A function that learns vectors from a few documents; returns their folder and what was printed."""
    folder = tmp_path_factory.mktemp("text")
    lines = [json.dumps({"id": str(number), "text": TEXT}) for number in range(20)]
    (folder / "text.jsonl").write_text("\n".join(lines), encoding="utf8")
    (folder / "excluded.ids").write_text("3\n4\n", encoding="utf8")

    def make(name: str, *options: str, twice: bool = False) -> tuple[Path, str]:
        text = [folder / "text.jsonl"] * (2 if twice else 1)
        sizes = ["--exclude-ids", folder / "excluded.ids", "--width", 8, "--rows", 50]
        done = script("make_vectors", *text, folder / name, *sizes, *options)
        assert done.code == 0, done.output
        return folder / name, done.text

    return make


@pytest.fixture(scope="module")
def vectors(make_vectors: Callable[..., tuple[Path, str]]) -> Path:
    """A folder with vectors."""
    return make_vectors("vectors")[0]


def test_what_was_read_and_left_out_is_counted(make_vectors: Callable[..., tuple[Path, str]]):
    words = make_vectors("counted")[1]
    assert "excluded: 2, documents: 18, tokens: 270" in words and "⚠" not in words


def test_every_word_has_a_vector_whatever_its_case(vectors: Path):
    vocab = spacy.load(vectors).vocab
    assert "grimpox" not in vocab.strings  # what was read is not saved
    assert vocab.vectors.shape == (50, 8) and vocab.vectors.mode == "floret"
    assert (vocab["FLAXOL"].vector == vocab["flaxol"].vector).all()
    assert vocab["unheard-of"].vector.any()
    lengths = [np.linalg.norm(vocab[word].vector) for word in {*TEXT.lower().replace("-", " - ").split()}]
    assert 0.5 < np.mean(lengths) < 2.0


def test_same_text_gives_the_same_vectors_in_half_precision(
    vectors: Path, make_vectors: Callable[..., tuple[Path, str]]
):
    first, second = (spacy.load(path).vocab.vectors.data for path in (vectors, make_vectors("again")[0]))
    assert (first == second).all() and first.dtype == np.float32
    assert (first == first.astype(np.float16)).all()  # rounded, for the sake of packages


def test_text_that_is_excluded_wholly_is_an_error(script: Callable[..., Any], tmp_path: Path):
    text, excluded, output = (tmp_path / name for name in ("text.txt", "excluded.ids", "vectors"))
    text.write_text(TEXT, encoding="utf8")
    excluded.write_text("3\n", encoding="utf8")
    done = script("make_vectors", text, output, "--exclude-ids", excluded)
    assert done.failed("without id: 1", "too little") and not output.exists()


def test_recogniser_reads_them(vectors: Path, schemes: dict[str, list[Doc]], tmp_path: Path):
    DocBin(docs=schemes["cdr"][:8], store_user_data=True).to_disk(tmp_path / "corpus.spacy")
    overrides = {
        "paths.train": str(tmp_path / "corpus.spacy"),
        "paths.dev": str(tmp_path / "corpus.spacy"),
        "paths.vectors": str(vectors),
        "training.max_steps": 2,
        "training.eval_frequency": 2,
        "system.word_vectors": True,
        "components.tok2vec.model.encode.width": 32,
        "components.tok2vec.model.embed.rows": [500, 500, 500, 500],
    }
    train(ROOT / "configs" / "ner_single_tok2vec.cfg", tmp_path, overrides=overrides)
    nlp = spacy.load(tmp_path / "model-last")
    assert nlp.vocab.vectors.shape == (50, 8)
    assert any(node.name == "static_vectors" for node in nlp.get_pipe("tok2vec").model.walk())  # type: ignore[attr-defined]
    assert len(nlp(TEXT).to_array("ENT_IOB")) == 15


def test_text_that_is_named_twice_counts_double(make_vectors: Callable[..., tuple[Path, str]]):
    words = " ".join(make_vectors("doubled", twice=True)[1].split())
    assert "documents: 36, tokens: 540" in words
