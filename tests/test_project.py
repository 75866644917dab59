"""The project file, its configs and its scripts."""

import subprocess
import sys
from pathlib import Path

import pytest
from spacy.cli.debug_config import debug_config
from spacy.tokens import DocBin
from spacy.vocab import Vocab
from weasel.util.config import load_project_config

from spacy_biore.assembly.type_maps import READY_MAPS
from spacy_biore.cli.assemble import URL

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / "configs").glob("*.cfg"))


@pytest.fixture(scope="module")
def project():
    return load_project_config(ROOT)


def test_every_step_of_a_workflow_is_a_command(project):
    commands = {command["name"] for command in project["commands"]}
    assert project["workflows"]["all"]
    for steps in project["workflows"].values():
        assert set(steps) <= commands


def test_every_file_that_a_command_depends_on_is_there_or_made_by_an_earlier_one(project):
    commands = {command["name"]: command for command in project["commands"]}
    made: set[str] = set()
    for name in project["workflows"]["all"]:
        for path in commands[name].get("deps", []):
            assert path in made or (ROOT / path).exists(), f"{name} needs {path}"
        made.update(commands[name].get("outputs", []), commands[name].get("outputs_no_cache", []))


def test_recogniser_comes_from_its_authors_without_its_dependencies(project):
    [command] = [command for command in project["commands"] if command["name"] == "recogniser"]
    script = " ".join(command["script"])
    assert "--no-deps" in script
    assert URL.format(name=project["vars"]["recogniser"]) in script
    assert project["vars"]["recogniser"] in READY_MAPS


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_configs_are_complete_and_valid(config):
    debug_config(config, overrides={"paths.train": "train.spacy", "paths.dev": "dev.spacy"})


def test_sample_is_divided_by_document(tmp_path):
    command = [sys.executable, "scripts/prepare_corpus.py", "sample", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    ids = {
        name: {
            doc.user_data["biore_doc_id"] for doc in DocBin().from_disk(tmp_path / f"{name}.spacy").get_docs(Vocab())
        }
        for name in ("train", "dev", "test")
    }
    assert sum(len(part) for part in ids.values()) == len(set().union(*ids.values())) == 74
    assert min(len(part) for part in ids.values()) > 5


def test_unknown_corpus_is_named(tmp_path):
    command = [sys.executable, "scripts/prepare_corpus.py", "nowhere", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "No corpus 'nowhere'" in done.stdout
