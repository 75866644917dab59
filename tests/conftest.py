"""Fixtures that several test files share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real corpora; tests that use it are skipped where the machine has none."""
    folder = os.environ.get("BIORE_CORPORA")
    if not folder:
        pytest.skip("BIORE_CORPORA is not set: no real corpora here")
    path = Path(folder)
    # A wrong path is a mistake to show, not a reason to skip.
    assert path.is_dir(), f"BIORE_CORPORA names {folder}, which is not a folder"
    return path
