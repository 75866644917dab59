"""The list of terms that a corpus names."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spacy.tokens import Doc, DocBin


@pytest.fixture
def make_terms(script: Callable[..., Any], tmp_path: Path) -> Callable[[list[Doc]], Any]:
    """A function that lists the terms of docs in terms.tsv."""

    def make(docs: list[Doc]) -> Any:
        if docs:
            DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "train.spacy")
        return script("make_terms", tmp_path / "train.spacy", tmp_path / "terms.tsv")

    return make


def test_each_name_of_one_type_is_a_line(make_terms, make_doc, tmp_path):
    docs = [
        make_doc("[Zinc|CHEMICAL] and [zinc|CHEMICAL] bind [EGFR|GENE] ."),
        make_doc("[ab|GENE] or [lead|GENE] or [lead|CHEMICAL] ."),
    ]
    done = make_terms(docs)
    assert done.code == 0, done.output
    assert (tmp_path / "terms.tsv").read_text() == "CHEMICAL\tzinc\nGENE\tegfr\n"
    assert "2 terms in" in done.text and "1 of two types left out" in done.text


def test_a_corpus_of_tags_has_no_terms(make_terms, make_doc, tmp_path):
    assert make_terms([make_doc("[@DRUG$|DRUG] and [@DRUG$|DRUG] .")]).failed("names nothing")
    assert not (tmp_path / "terms.tsv").exists()


def test_a_missing_corpus_is_named(make_terms):
    assert make_terms([]).failed("BR031")
