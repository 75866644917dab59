"""Fixtures that run the commands and scripts of the project; ``conftest.py`` loads them for all tests."""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import Result

ROOT = Path(__file__).parents[1]


class Outcome(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    output: str
    stdout: str
    stderr: str
    exception: BaseException | None

    @classmethod
    def of(cls, result: Result) -> "Outcome":
        """Return what is known of a run of click."""
        return cls(result.exit_code, result.output, result.stdout, result.stderr, result.exception)

    @property
    def rows(self) -> list[list[str]]:
        """The words of each line of the output, without colours."""
        return [line.split() for line in re.sub(r"\x1b\[[0-9;]*m", "", self.output).splitlines()]

    @property
    def text(self) -> str:
        """The output as one line, without colours."""
        return " ".join(word for row in self.rows for word in row)

    def failed(self, *words: str) -> bool:
        """Say whether the command ended with a message that has these words, and not with a traceback."""
        return self.code == 1 and isinstance(self.exception, SystemExit) and all(word in self.text for word in words)


@pytest.fixture(scope="session")
def biore() -> Callable[..., Outcome]:
    """A function that runs ``python -m spacy biore`` with these arguments, in this process."""
    from typer.testing import CliRunner

    from spacy_biore.cli import biore_cli

    def run(*args: Any, stdin: str | None = None) -> Outcome:
        return Outcome.of(CliRunner().invoke(biore_cli, [str(arg) for arg in args], input=stdin))

    return run


@pytest.fixture(scope="session")
def script() -> Callable[..., Outcome]:
    """A function that runs a script of the project, named without ``.py``, with these arguments, in this process.

    A keyword ``cwd`` names another folder to run in than the project's.
    """
    from typer import Typer
    from typer.testing import CliRunner

    def run(name: str, *args: Any, cwd: Path = ROOT) -> Outcome:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(cwd)
            patch.syspath_prepend(ROOT / "scripts")
            app = Typer()
            app.command()(import_module(name).main)
            return Outcome.of(CliRunner().invoke(app, [str(arg) for arg in args]))

    return run
