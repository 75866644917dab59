"""The Makefile, beyond what its targets run."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the Makefile and what it reads, a .venv of Python 3.11 and two Pythons."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    for path, version in ((".venv/bin/python", "3.11"), ("python3.12", "3.12"), ("python3.11", "3.11")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / path).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("targets", "python", "is_refused"),
    [
        (["test"], "3.12", True),
        (["test"], "3.11", False),
        (["help"], "3.12", False),
        (["distclean"], "3.12", False),
        (["distclean", "test"], "3.12", False),
        ([], "3.12", False),
    ],
)
def test_an_environment_of_another_python_is_not_used_in_silence(
    folder: Path, targets: list[str], python: str, is_refused: bool
):
    command = ["make", "--dry-run", f"PYTHON={folder}/python{python}", *targets]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode != 0) == is_refused == ("make distclean first" in done.stderr), done.stderr


def test_a_python_that_is_not_there_is_named(folder: Path):
    command = ["make", "--dry-run", "PYTHON=python3.99", "test"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "no Python at python3.99" in done.stderr
