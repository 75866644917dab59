"""Folds that are given as files: how they are found, and that they share nothing."""

import warnings

import pytest
import spacy

from spacy_biore.crossval.fold_files import check_overlaps, file_folds, find_fold_files
from spacy_biore.readers import read_docs
from spacy_biore.relations import DOC_ID_KEY, get_doc_id


def read(path):
    return read_docs(path, spacy.blank("en"))


def ids(docs):
    return [get_doc_id(doc) for doc in docs]


def check(folder):
    check_overlaps(find_fold_files(folder), read)


def test_each_file_is_the_test_part_of_a_fold(sentence, save, tmp_path):
    for number in (10, 9, 1):
        save(f"folds/part_{number}.spacy", [sentence(f"a{number}", 0)])
    folds = file_folds(find_fold_files(tmp_path / "folds"), read)
    assert [fold.name for fold in folds] == ["part_1", "part_9", "part_10"]
    parts = folds[1].read()
    assert (ids(parts.train), ids(parts.dev), ids(parts.test)) == (["a1.s0", "a10.s0"], [], ["a9.s0"])


def test_each_folder_is_a_fold(sentence, save, tmp_path):
    for number in (10, 2):
        for part in ("train", "dev", "test"):
            save(f"folds/{number}/{part}.spacy", [sentence(f"{part}{number}", 0)])
    (tmp_path / "folds/2/dev.spacy").unlink()
    folds = file_folds(find_fold_files(tmp_path / "folds"), read)
    assert [fold.name for fold in folds] == ["2", "10"]
    assert [ids(docs) for docs in folds[0].read()] == [["train2.s0"], [], ["test2.s0"]]
    assert [ids(docs) for docs in folds[1].read()] == [["train10.s0"], ["dev10.s0"], ["test10.s0"]]


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ([], "0 found"),
        (["one.spacy"], "1 found"),
        (["one.spacy", "2/train.spacy", "2/test.spacy"], "one.spacy"),
        (["1/train.spacy", "1/test.spacy", "2/test.spacy"], "it has no train.spacy"),
    ],
)
def test_what_makes_no_folds_is_named(names, problem, sentence, save, tmp_path):
    (tmp_path / "folds").mkdir()
    for name in names:
        save(f"folds/{name}", [sentence(name[0], 0)])
    with pytest.raises(ValueError, match=f"BR503.*{problem}"):
        find_fold_files(tmp_path / "folds")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match="BR503.*no such folder"):
        find_fold_files(tmp_path / "nowhere")


def test_a_document_in_two_files_is_an_error_that_names_both(sentence, save, tmp_path):
    save("folds/a.spacy", [sentence("a", number) for number in range(9)])
    save("folds/b.spacy", [sentence("b", number) for number in range(9)])
    save("folds/c.spacy", [*(sentence("c", number) for number in range(9)), sentence("a", 3)])
    with pytest.raises(ValueError, match=r"BR504.*folds/a.spacy and folds/c.spacy \(1 documents\)\. "):
        check(tmp_path / "folds")


def test_a_copy_under_other_ids_is_an_error(sentence, save, tmp_path):
    docs = [sentence("a", number) for number in range(3)]
    save("folds/a.spacy", docs)
    for doc in docs:
        doc.user_data[DOC_ID_KEY] += "x"
    save("folds/b.spacy", docs)
    with pytest.raises(ValueError, match=r"BR504.*3 documents"):
        check(tmp_path / "folds")


@pytest.mark.parametrize("twice", ["1/train.spacy", "2/test.spacy"])
def test_a_test_part_shares_nothing_with_its_training_part_or_another_test_part(twice, sentence, save, tmp_path):
    docs = {
        f"{n}/{part}.spacy": [sentence(f"{part}{n}", i) for i in range(5)] for n in "12" for part in ("train", "test")
    }
    docs[twice].append(docs["1/test.spacy"][0])
    for name, part in docs.items():
        save(f"folds/{name}", part)
    with pytest.raises(ValueError, match="BR504.*1/test.spacy"):
        check(tmp_path / "folds")


def test_training_parts_of_different_folds_may_share_everything(sentence, save, tmp_path):
    for number in "12":
        save(f"folds/{number}/train.spacy", [sentence("shared", 0)])
        save(f"folds/{number}/test.spacy", [sentence(number, 0)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(tmp_path / "folds")


def test_same_ids_of_different_documents_are_no_overlap(sentence, save, tmp_path):
    for number in "12":
        docs = [sentence(number, 0), sentence(number, 1)]
        for position, doc in enumerate(docs):
            doc.user_data[DOC_ID_KEY] = str(position)
        save(f"folds/{number}.spacy", docs)
    check(tmp_path / "folds")


def test_shared_articles_and_repeated_texts_are_warned_of(sentence, save, tmp_path):
    save("folds/1.spacy", [sentence("a", number) for number in range(5)])
    repeated = sentence("a", 0)
    repeated.user_data[DOC_ID_KEY] = "other"
    save("folds/2.spacy", [repeated, *(sentence("b", number) for number in range(5))])
    with pytest.warns(UserWarning, match="BRW51.*1 articles and 1 texts"):
        check(tmp_path / "folds")
