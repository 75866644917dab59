"""Which docs the folds hold."""

import sys

import pytest

from spacy_biore.crossval.folds import Parts, divide, keep_dev
from spacy_biore.relations import get_doc_id, get_group, get_records, set_records


@pytest.fixture(scope="module")
def docs(sentence):
    return [sentence(article, number) for article in "abcdefgh" for number in range(1 + ord(article) % 4)]


def ids(docs):
    return [get_doc_id(doc) for doc in docs]


def test_every_doc_is_tested_once_and_never_learned_from_in_that_fold(docs):
    for by_article in (True, False):
        parts = [fold.read() for fold in divide(docs, 4, by_article=by_article, seed=0)]
        assert sorted(doc_id for part in parts for doc_id in ids(part.test)) == sorted(ids(docs))
        assert all(sorted(ids(part.train) + ids(part.test)) == sorted(ids(docs)) for part in parts)


def test_articles_stay_together(docs):
    parts = [fold.read() for fold in divide(docs, 4, by_article=True, seed=0)]
    assert all(not set(map(get_group, part.train)) & set(map(get_group, part.test)) for part in parts)
    assert [len(set(map(get_group, part.test))) for part in parts] == [2, 2, 2, 2]


def test_instances_are_divided_singly(docs):
    parts = [fold.read() for fold in divide(docs, 4, by_article=False, seed=0)]
    assert any(set(map(get_group, part.train)) & set(map(get_group, part.test)) for part in parts)
    assert {len(part.test) for part in parts} == {len(docs) // 4}


def test_the_division_depends_on_the_seed_and_not_on_the_order(docs):
    def tests(docs, seed):
        return [set(ids(fold.read().test)) for fold in divide(docs, 4, by_article=True, seed=seed)]

    assert tests(docs, 0) == tests(docs[::-1], 0) != tests(docs, 1)


def test_names_sort_in_the_order_of_the_folds(docs):
    assert [fold.name for fold in divide(docs, 10, by_article=False, seed=0)][::9] == ["01", "10"]


def test_more_folds_than_articles_are_an_error(docs):
    with pytest.raises(ValueError, match="BR502.*9 folds.*8 articles"):
        divide(docs, 9, by_article=True, seed=0)


def test_a_missing_package_is_named(docs, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.model_selection", None)
    with pytest.raises(ValueError, match=r"BR500.*pip install 'scikit-learn"):
        divide(docs, 2, by_article=True, seed=0)


def test_docs_without_ids_can_be_divided(make_doc):
    docs = [make_doc(f"Text number {number}.") for number in range(6)]
    assert [len(fold.read().test) for fold in divide(docs, 3, by_article=True, seed=0)] == [2, 2, 2]


def test_dev_takes_whole_articles_of_the_training_part(docs):
    kept = keep_dev(Parts(docs[2:], [], docs[:2]), 0.3, seed=0)
    assert sorted(ids(kept.train) + ids(kept.dev)) == sorted(ids(docs[2:])) and ids(kept.test) == ids(docs[:2])
    assert not set(map(get_group, kept.train)) & set(map(get_group, kept.dev))
    assert 0.1 < len(kept.dev) / len(docs[2:]) < 0.5


def test_a_given_dev_part_stays(docs):
    parts = Parts(docs[2:], docs[1:2], docs[:1])
    assert keep_dev(parts, 0.3, seed=0) == parts


def test_no_share_is_no_dev_part(docs):
    assert keep_dev(Parts(docs, [], []), 0.0, seed=0).dev == []


def test_a_dev_share_of_nothing_is_an_error(docs):
    with pytest.raises(ValueError, match="BR505"):
        keep_dev(Parts(docs[:1], [], []), 0.1, seed=0)


@pytest.mark.parametrize(
    ("change", "read"),
    [
        (lambda record: {**record, "label": "RARE"}, lambda record: record["label"]),
        (lambda record: {**record, "head": {**record["head"], "type": "RARE"}}, lambda record: record["head"]["type"]),
    ],
    ids=["label", "type"],
)
def test_articles_with_a_label_or_a_type_of_their_own_are_learned_from(docs, change, read):
    for seed in range(5):
        (rare,) = keep_dev(Parts(docs, [], []), 0.3, seed=seed).dev[:1]
        marked = [doc.copy() for doc in docs]
        for doc in marked:
            if get_group(doc) == get_group(rare):
                set_records(doc, [change(record) for record in get_records(doc)])
        kept = keep_dev(Parts(marked, [], []), 0.3, seed=seed)
        assert "RARE" in {read(record) for doc in kept.train for record in get_records(doc)}
        assert kept.dev and "RARE" not in {read(record) for doc in kept.dev for record in get_records(doc)}
