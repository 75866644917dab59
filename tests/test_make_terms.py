"""The list of terms that a corpus names."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from spacy.tokens import Doc, DocBin

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def make_terms(tmp_path: Path) -> Callable[[list[Doc]], tuple[int, str]]:
    """A function that lists the terms of docs in terms.tsv; it returns the exit code and what was printed."""

    def make(docs: list[Doc]) -> tuple[int, str]:
        if docs:
            DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "train.spacy")
        command = [sys.executable, "scripts/make_terms.py", str(tmp_path / "train.spacy"), str(tmp_path / "terms.tsv")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    return make


def test_each_name_of_one_type_is_a_line(make_terms, make_doc, tmp_path):
    docs = [
        make_doc("[Zinc|CHEMICAL] and [zinc|CHEMICAL] bind [EGFR|GENE] ."),
        make_doc("[ab|GENE] or [lead|GENE] or [lead|CHEMICAL] ."),
    ]
    code, words = make_terms(docs)
    assert code == 0, words
    assert (tmp_path / "terms.tsv").read_text() == "CHEMICAL\tzinc\nGENE\tegfr\n"
    assert "2 terms in" in words and "1 of two types left out" in words


def test_a_corpus_of_tags_has_no_terms(make_terms, make_doc, tmp_path):
    code, words = make_terms([make_doc("[@DRUG$|DRUG] and [@DRUG$|DRUG] .")])
    assert code == 1 and "names nothing" in words
    assert not (tmp_path / "terms.tsv").exists()


def test_a_missing_corpus_is_named(make_terms):
    code, words = make_terms([])
    assert code == 1 and "BR031" in words and "Traceback" not in words
