import os
import re
from pathlib import Path

import pytest

from spacy_biore.errors import BioreError
from spacy_biore.formats.sources import files_in, find_files, split_name

TSV = re.compile(r"\.tsv$")


@pytest.fixture
def folder(tmp_path):
    def make(*names, empty=()):
        for name in (*names, *empty):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("" if name in empty else "x")
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CDR_TrainingSet.PubTator.txt", "train"),
        ("drugprot_development_entities.tsv", "dev"),
        ("Test.PubTator", "test"),
        ("train.tsv", "train"),
        ("BC_TrainDev.txt", None),
        ("train_and_test.tsv", None),
        ("devices.tsv", None),
        ("contest.tsv", None),
    ],
)
def test_split_names(text, name):
    assert split_name(text) == name


def test_a_file_is_one_source_whatever_its_name(folder):
    root = folder("Corpus.txt")
    (source,) = find_files(root / "Corpus.txt", TSV).sources
    assert (source.name, source.path) == ("Corpus.txt", root / "Corpus.txt")


def test_files_of_a_folder_are_named_after_their_splits_and_ordered(folder):
    found = find_files(folder("x_test.tsv", "x_development.tsv", "x_train.tsv"), TSV)
    assert [source.name for source in found.sources] == ["train", "dev", "test"]


def test_files_that_would_get_the_same_name_keep_their_own(folder):
    found = find_files(folder("a_test.tsv", "b_test.tsv", "a_train.tsv"), TSV)
    assert [source.name for source in found.sources] == ["train", "a_test", "b_test"]


def test_folders_below_are_kept_in_the_names(folder):
    found = find_files(folder("1/train.tsv", "1/test.tsv", "2/test.tsv"), TSV)
    assert [source.name for source in found.sources] == ["1/train", "1/test", "2/test"]


def test_a_folder_that_all_files_are_in_is_left_out_of_the_names(folder):
    found = find_files(folder("Corpus/v1/train.tsv", "Corpus/v1/test.tsv", "README"), TSV)
    assert [source.name for source in found.sources] == ["train", "test"]


def test_every_file_is_a_source_or_left_out_with_a_reason(folder):
    root = folder("train.tsv", "README", empty=["dev.tsv"])
    found = find_files(root, TSV)
    assert [source.name for source in found.sources] == ["train"]
    assert found.skipped == {root / "README": "not a file of this format, by its name", root / "dev.tsv": "empty"}


def test_missing_path(tmp_path):
    with pytest.raises(BioreError, match=r"BR100.*nowhere"):
        find_files(tmp_path / "nowhere", TSV)


def test_folder_without_a_file_of_the_format(folder):
    with pytest.raises(BioreError, match="BR110"):
        find_files(folder("README", empty=["train.tsv"]), TSV)


def test_links_are_followed_and_those_to_nothing_left_out(folder, tmp_path):
    root = folder("in/train.tsv", "elsewhere/test.tsv") / "in"
    (root / "test").symlink_to(tmp_path / "elsewhere")
    (root / "dev.tsv").symlink_to(tmp_path / "gone.tsv")
    (root / "round").symlink_to(root)
    found = find_files(root, TSV)
    assert [source.name for source in found.sources] == ["train", "test/test"]
    assert found.skipped == {root / "dev.tsv": "a link to nothing"}


def test_hidden_files_and_folders_are_ignored(folder):
    found = find_files(folder("train.tsv", "._train.tsv", ".checkpoints/train.tsv"), TSV)
    assert [source.name for source in found.sources] == ["train"] and not found.skipped


def test_a_folder_that_can_not_be_read_is_an_error(folder, monkeypatch):
    root = folder("a.tsv", "closed/b.tsv")
    listed = os.scandir

    def scandir(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(BioreError, match=r"BR100.*closed.*Permission denied"):
        files_in(root)
