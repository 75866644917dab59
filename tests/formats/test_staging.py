import os

import pytest

from spacy_biore.errors import BioreError
from spacy_biore.formats.staging import Staging


def test_files_appear_at_the_end_and_not_before(tmp_path):
    target = tmp_path / "a" / "b" / "x.spacy"
    with Staging() as staging:
        staging.path(target).write_text("new")
        assert not target.exists()
    assert [path.name for path in target.parent.iterdir()] == ["x.spacy"]
    assert target.read_text() == "new"


def test_an_error_leaves_everything_as_it_was(tmp_path):
    old = tmp_path / "old.spacy"
    old.write_text("old")
    with pytest.raises(RuntimeError), Staging() as staging:
        staging.path(old).write_text("new")
        staging.path(tmp_path / "a" / "b" / "x.spacy").write_text("new")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_text() == "old"


def test_an_interrupt_leaves_everything_as_it_was(tmp_path):
    with pytest.raises(KeyboardInterrupt), Staging() as staging:
        staging.path(tmp_path / "x.spacy").write_text("new")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_folders_with_other_files_stay(tmp_path):
    with pytest.raises(RuntimeError), Staging() as staging:
        staging.path(tmp_path / "a" / "x.spacy")
        (tmp_path / "a" / "other").write_text("mine")
        raise RuntimeError
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["other"]


def test_written_files_have_ordinary_permissions(tmp_path):
    (tmp_path / "ordinary").touch()
    with Staging() as staging:
        staging.path(tmp_path / "x.spacy").write_text("new")
    assert os.stat(tmp_path / "x.spacy").st_mode == os.stat(tmp_path / "ordinary").st_mode


def test_target_that_is_a_folder(tmp_path):
    with pytest.raises(BioreError, match="BR140"), Staging() as staging:
        staging.path(tmp_path)


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BioreError, match="BR140"), Staging() as staging:
        staging.path(tmp_path / "file" / "x.spacy")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_can_not_be_written_leaves_everything_as_it_was(tmp_path):
    def fill(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    (tmp_path / "a").write_text("old")
    with pytest.raises(BioreError, match=r"BR140.*No space left"), Staging() as staging:
        staging.write(tmp_path / "a", fill)
    assert [path.name for path in tmp_path.iterdir()] == ["a"] and (tmp_path / "a").read_text() == "old"
