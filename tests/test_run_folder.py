"""The folder of a long run: one process at a time, and nothing of anybody else's is lost in it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spacy_biore.errors import BioreError
from spacy_biore.run_folder import RUN, digest_path, refuse_foreign, sole_use, write_json

HOLDER = """
import sys, pathlib
from spacy_biore.run_folder import sole_use
with sole_use(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_kept_off_until_the_first_has_ended_or_was_killed(tmp_path: Path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        with pytest.raises(BioreError, match=r"BR419.*run is in use"), sole_use(tmp_path / "run"):
            pass
        holder.kill()
    with sole_use(tmp_path / "run"):
        assert list((tmp_path / "run").iterdir())
    assert not list((tmp_path / "run").iterdir())


def test_the_lock_leaves_nothing_and_is_no_content(tmp_path: Path):
    with sole_use(tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists()
    before = digest_path(tmp_path)
    with sole_use(tmp_path):
        assert digest_path(tmp_path) == before


def test_a_folder_that_holds_something_else_is_not_taken(tmp_path: Path):
    refuse_foreign(tmp_path / "missing")
    refuse_foreign(tmp_path)
    (tmp_path / f".{RUN}.partial").write_text("{")
    refuse_foreign(tmp_path)
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(BioreError, match=r"BR420.*thesis\.txt"):
        refuse_foreign(tmp_path)


def test_a_killed_write_leaves_a_partial_file_of_the_known_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_json(tmp_path / RUN, {})
    refuse_foreign(tmp_path)


def test_the_digest_of_a_folder_is_also_of_what_links_lead_to(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ids.txt").write_text("1")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "linked").symlink_to(tmp_path / "data")
    before = digest_path(tmp_path / "tests")
    (tmp_path / "data" / "ids.txt").write_text("2")
    assert digest_path(tmp_path / "tests") != before


def test_what_can_not_be_read_has_no_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "ids.txt").write_text("1")

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(BioreError, match=r"BR100.*ids\.txt: Permission denied"):
        digest_path(tmp_path / "ids.txt")
