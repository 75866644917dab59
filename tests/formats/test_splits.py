import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_biore.errors import BioreError
from spacy_biore.formats import Document
from spacy_biore.formats.splits import split_documents

SHARES = (0.8, 0.1, 0.1)


def corpus(n_groups, size=1):
    return [Document(f"{group}.{n}", "", group=f"g{group}") for group in range(n_groups) for n in range(size)]


@settings(deadline=None, max_examples=50)
@given(st.integers(3, 30), st.integers(1, 4), st.integers(0, 99))
def test_every_document_is_in_one_part_and_no_group_in_two(n_groups, size, seed):
    documents = corpus(n_groups, size)
    parts = split_documents(documents, (0.4, 0.3, 0.3), seed=seed)
    assert sorted(document.id for part in parts.values() for document in part) == sorted(d.id for d in documents)
    groups = [{document.group for document in part} for part in parts.values()]
    assert sum(map(len, groups)) == len(set.union(*groups)) == n_groups


def test_sizes_follow_the_shares():
    parts = split_documents(corpus(100), SHARES, seed=0)
    assert {name: len(part) for name, part in parts.items()} == {"train": 80, "dev": 10, "test": 10}


def test_the_order_of_the_documents_does_not_matter_and_the_seed_does():
    def members(documents, seed):
        parts = split_documents(documents, SHARES, seed=seed)
        return {name: {document.id for document in part} for name, part in parts.items()}

    documents = corpus(50)
    assert members(documents, 0) == members(documents[::-1], 0)
    assert members(documents, 0) != members(documents, 1)


def test_order_is_kept_within_a_part():
    parts = split_documents(corpus(20, 2), SHARES, seed=3)
    ids = [document.id for document in parts["train"]]
    assert ids == [document.id for document in corpus(20, 2) if document.id in ids]


@pytest.mark.parametrize("seed", range(20))
def test_a_share_of_nothing_makes_no_part(seed):
    parts = split_documents(corpus(10), (0.9, 0, 0.1), seed=seed)
    assert {name: len(part) for name, part in parts.items()} == {"train": 9, "test": 1}


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.8, 0.1, 0.2), (1.1, -0.1, 0), (float("nan"), 0.5, 0.5)])
def test_bad_shares(shares):
    with pytest.raises(BioreError, match="BR141"):
        split_documents(corpus(10), shares, seed=0)


def test_too_few_groups():
    with pytest.raises(BioreError, match=r"BR142.*only 2 articles"):
        split_documents(corpus(2, 10), SHARES, seed=0)
