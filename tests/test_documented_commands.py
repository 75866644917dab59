"""The commands of the pages: what they name is there.

Of spaCy and of our commands these are command, options, config and its values; of the project, steps and variables; of
scripts and benchmarks, the file and that it knows of the options. What `--vars.options` holds is not looked into.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from spacy.cli import app
from spacy.util import load_config
from thinc.api import Config
from typer.main import get_command
from weasel.util.config import load_project_config

import spacy_biore.cli  # noqa: F401  (adds its commands)

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")])
# In a block, a command or what it quotes may go on in the next line; in a sentence it stands between backquotes.
COMMAND = re.compile(r"^(?:\$ )?(python (?:\\\n|'[^']*'|.)+)$|(?<!`)`(python [^`\n]+)`", re.MULTILINE)
SPACY = get_command(app)


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of a page, without comments and without brackets around what may be left out."""
    for match in COMMAND.finditer(text):
        line = (match[1] or match[2]).replace("\\\n", " ")
        yield shlex.split(re.sub(r"[\[\]]", " ", line), comments=True)


def problems(words: list[str]) -> Iterator[str]:
    """Yield what a command names and nobody knows."""
    if words[1:3] == ["-m", "spacy"]:
        yield from spacy_problems(words[3:])
    elif words[1] == "-m":
        shared = [ROOT / "benchmarks" / name for name in ("common.py", "pipelines.py")]
        yield from file_problems([ROOT / (words[2].replace(".", "/") + ".py"), *shared], words[3:])
    else:
        yield from file_problems([ROOT / words[1]], words[2:])


def file_problems(paths: list[Path], words: list[str]) -> Iterator[str]:
    if not paths[0].is_file():
        yield f"no file {paths[0].relative_to(ROOT)}"
        return
    text = "".join(path.read_text(encoding="utf8") for path in paths)
    options = [word.split("=")[0] for word in words if word.startswith("--")]
    # typer makes --exclude-ids of exclude_ids.
    yield from (f"no option {name}" for name in options if name not in text and name[2:].replace("-", "_") not in text)


def spacy_problems(words: list[str]) -> Iterator[str]:
    command: Any = SPACY
    while hasattr(command, "commands") and words:
        if words[0] not in command.commands:
            yield f"no command {words[0]}"
            return
        command, words = command.commands[words[0]], words[1:]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    given = [word.split("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)]
    values = [name[2:] for name in given if "." in name]
    yield from (f"no option {name}" for name in given if "." not in name and name not in known)
    if command.name in ("run", "assets"):
        yield from project_problems(command.name, words, values)
    else:
        yield from config_problems(words, values)


def project_problems(name: str, words: list[str], values: list[str]) -> Iterator[str]:
    project = load_project_config(ROOT)
    steps = [*project["workflows"], *(command["name"] for command in project["commands"])]
    if name == "run" and words and words[0] not in steps:
        yield f"no step {words[0]}"
    yield from (f"no variable {value}" for value in values if value.removeprefix("vars.") not in project["vars"])


def config_problems(words: list[str], values: list[str]) -> Iterator[str]:
    for path in (word for word in words if word.startswith("configs/")):
        if not (ROOT / path).is_file():
            yield f"no config {path}"
            return
        config = load_config(ROOT / path, interpolate=False)
        yield from (f"no {value} in {path}" for value in values if not holds(config, value.split(".")))


def holds(config: Config, keys: list[str]) -> bool:
    section = config
    for key in keys[:-1]:
        section = section.get(key, {})
    # A value of an encoder's own configuration may be new there.
    return keys[-1] in dict(section) or keys[-2:-1] == ["encoder_config"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_command_names_is_there(page: Path):
    found = list(commands(page.read_text(encoding="utf8")))
    assert found or page.name == "CHANGELOG.md"
    assert [f"{shlex.join(words)}: {problem}" for words in found for problem in problems(words)] == []


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("python -m spacy biore learn", "no command learn"),
        ("python -m spacy biore convert jsonl a b --splits 1", "no option --splits"),
        ("python -m spacy train configs/sample.cfg --training.steps 1", "no training.steps in configs/sample.cfg"),
        ("python -m spacy train configs/other.cfg", "no config configs/other.cfg"),
        ("python -m spacy project run most .", "no step most"),
        ("python -m spacy project run all . --vars.corpora x", "no variable vars.corpora"),
        ("python -m benchmarks.taste", "no file benchmarks/taste.py"),
        ("python -m benchmarks.accuracy a b --end-to-ends", "no option --end-to-ends"),
        ("python scripts/taste.py", "no file scripts/taste.py"),
        ("python scripts/make_vectors.py a b --exclude-idz c", "no option --exclude-idz"),
    ],
)
def test_what_is_not_there_is_found(command: str, problem: str):
    assert [found for words in commands(f"text\n{command}\n") for found in problems(words)] == [problem]
