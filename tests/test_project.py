"""The project file, its configs and its scripts."""

import json
import re
from pathlib import Path

import pytest
import spacy
from spacy.cli.debug_config import debug_config
from spacy.tokens import DocBin
from spacy.util import load_config
from spacy.vocab import Vocab
from weasel.util import parse_config_overrides, split_command
from weasel.util.config import load_project_config

from spacy_biore.assembly.type_maps import READY_MAPS
from spacy_biore.cli.assemble import URL

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / "configs").glob("*.cfg"))


PATHS = ("deps", "outputs", "outputs_no_cache")


@pytest.fixture(scope="module")
def project():
    return load_project_config(ROOT)


def steps(config, workflow):
    commands = {command["name"]: command for command in config["commands"]}
    return [commands[name] for name in config["workflows"][workflow]]


def test_every_step_of_a_workflow_is_a_command(project):
    commands = {command["name"] for command in project["commands"]}
    assert project["workflows"]["all"]
    for steps in project["workflows"].values():
        assert set(steps) <= commands


@pytest.mark.parametrize(
    "workflows", [["all"], ["all", "release"], ["all", "release-single"]], ids=lambda names: names[-1]
)
def test_every_file_that_a_command_depends_on_is_there_or_made_by_an_earlier_one(project, workflows):
    commands = {command["name"]: command for command in project["commands"]}
    made: set[str] = set()
    for name in (name for workflow in workflows for name in project["workflows"][workflow]):
        for path in commands[name].get("deps", []):
            assert path in made or (ROOT / path).exists(), f"{name} needs {path}"
        made.update(commands[name].get("outputs", []), commands[name].get("outputs_no_cache", []))


def test_every_dependency_and_output_is_one_path(project):
    paths = [path for command in project["commands"] for key in PATHS for path in command.get(key, [])]
    assert paths and not [path for path in paths if "," in path or " " in path]


def test_clean_removes_what_the_commands_make_but_adapted_encoders(project):
    commands = {command["name"]: command for command in project["commands"]}
    given = set(commands.pop("clean")["script"][0].split()[2:])
    made = {path for command in commands.values() for key in PATHS[1:] for path in command.get(key, [])}
    made = {re.sub(r"^(training/[^/]+)/.*", r"\1", path) for path in made}
    assert given == made - {project["vars"]["adapted"]}


@pytest.fixture
def clean(script, tmp_path, monkeypatch):
    """A function that cleans a small project with a corpus of its own; it returns the output and what is left."""
    names = [
        "assets/sample/sample.jsonl",
        *(f"corpus/{name}/dev.spacy" for name in ("mine", "mine/sub", "sample", "ddi")),
    ]
    for name in (*names, "training/mine/x.cfg", "training/other/x.cfg", "elsewhere/x.cfg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "training" / "linked").symlink_to(tmp_path / "elsewhere")
    monkeypatch.delenv("BIORE_CORPORA", raising=False)

    def run(*paths):
        done = script("clean", *paths, cwd=tmp_path)
        return done, {str(path.relative_to(tmp_path).parent) for path in tmp_path.rglob("*.*")}

    return run


def test_clean_keeps_what_could_not_be_made_again(clean):
    given = [
        "corpus/mine",
        "corpus/mine/sub",
        "corpus/sample",
        "corpus/ddi",
        "training/mine",
        "training/linked",
        "a/gone",
    ]
    done, left = clean(*given)
    assert done.code == 0 and "corpus/mine/sub stays" in done.text
    assert left == {"assets/sample", "corpus/mine", "corpus/mine/sub", "corpus/ddi", "training/other", "elsewhere"}


@pytest.mark.parametrize("path", ["corpus", "corpus/", "training/", "training/../corpus", "/tmp/x"])
def test_clean_refuses_more_than_the_project_made_before_it_removes_anything(clean, path):
    done, left = clean("training/mine", path)
    assert done.failed(path) and "training/mine" in left


def test_release_of_another_size_shares_no_output(project):
    other = load_project_config(
        ROOT, overrides={"vars.size": "trf", "vars.ner_config": "ner_transformer", "vars.limit": 110}
    )
    made = [{path for one in steps(which, "release") for path in one.get("outputs", [])} for which in (project, other)]
    assert made[0] & made[1] == {path for path in made[0] if path.startswith("corpus/")} != made[0]
    [install] = [one for one in steps(other, "release") if one["name"] == "install-release"]
    assert "en_biore_sample_trf" in install["script"][1] and "--limit 110" in install["script"][0]


@pytest.mark.parametrize(
    ("variable", "workflow", "step"),
    [
        ("options", "all", "train"),
        ("ner_options", "release", "ner-train"),
        ("ner_options", "release-single", "ner-single"),
    ],
)
def test_further_settings_reach_the_training(variable: str, workflow: str, step: str):
    given = parse_config_overrides([f"--vars.{variable}", " --training.max_steps 7 --system.word_vectors true"])
    config = load_project_config(ROOT, overrides=given)
    [command] = [one for one in steps(config, workflow) if one["name"] == step]
    settings = parse_config_overrides(split_command(command["script"][0])[-4:])
    assert settings == {"training.max_steps": 7, "system.word_vectors": True}


def test_recogniser_of_a_release_does_not_learn_from_what_it_is_scored_on():
    config = load_project_config(ROOT, overrides={"vars.corpus": "mine"})
    [command] = [one for one in steps(config, "release") if one["name"] == "ner-train"]
    assert "--paths.held_out corpus/mine" in command["script"][0] and "corpus/mine" in command["deps"]


def test_sources_of_the_package_are_checked_first_and_follow_the_encoder():
    config = load_project_config(ROOT, overrides={"vars.encoder": "another"})
    assert steps(config, "release")[0]["script"][0].endswith(
        " sample,another, --recogniser configs/ner_tok2vec.cfg --options '' --version '0.1.0'"
    )
    config = load_project_config(ROOT, overrides={"vars.encoder": "a/folder", "vars.encoder_source": "known"})
    assert steps(config, "release")[0]["script"][0].endswith(
        " sample,known, --recogniser configs/ner_tok2vec.cfg --options '' --version '0.1.0'"
    )
    config = load_project_config(ROOT, overrides={"vars.encoder": "another", "vars.text_source": "mine"})
    assert steps(config, "release")[0]["script"][0].endswith(
        " sample,another,mine --recogniser configs/ner_tok2vec.cfg --options '' --version '0.1.0'"
    )


@pytest.mark.parametrize(
    ("workflow", "required"), [("protein", "GENE"), ("drug", "DRUG"), ("chemical-protein", "CHEMICAL,GENE")]
)
def test_sub_domains_differ_in_what_they_require(project, workflow, required):
    [command] = steps(project, workflow)[-1]["script"]
    assert command.startswith("python -m spacy biore adapt ") and command.endswith(f" --require {required}")


def test_steps_of_the_release_read_what_they_depend_on_and_write_their_outputs(project):
    """A step is skipped by its deps and outputs, so that all that its script names must be among them."""
    commands = {command["name"]: command for command in project["commands"]}
    written = [name for name in project["workflows"]["release"] if not name.startswith(("install", "check"))]
    for name in written:
        script = " ".join(commands[name]["script"])
        named = set(re.findall(r"(?:assets|corpus|training|metrics|packages|configs)/[\w.${}/-]+", script))
        stated = {*commands[name]["deps"], *commands[name].get("outputs", [])}
        stated |= {*commands[name].get("outputs_no_cache", [])}
        for path in named:
            inside = any(path == one or path.startswith(f"{one}/") or one.startswith(f"{path}/") for one in stated)
            assert inside, f"{name}: {path} is neither among deps nor outputs"


def test_release_of_its_own_mentions_is_not_bound_to_a_corpus(project):
    steps = set(project["workflows"]["release-single"])
    assert "chemprot" not in json.dumps([command for command in project["commands"] if command["name"] in steps])


def test_recognisers_are_scored_on_every_corpus_that_they_learn_from(project):
    commands = {command["name"]: command for command in project["commands"]}
    config = (ROOT / "configs" / f"{project['vars']['ner_config']}.cfg").read_text(encoding="utf8")
    for path in commands["ner-convert"]["outputs"]:
        assert f"/{Path(path).name}/train.spacy" in config
        assert f"{path}/test.spacy" in " ".join(commands["ner-evaluate"]["script"])
        assert path in commands["ner-train"]["deps"]


def test_recogniser_comes_from_its_authors_without_its_dependencies(project):
    [command] = [command for command in project["commands"] if command["name"] == "recogniser"]
    script = " ".join(command["script"])
    assert "--no-deps" in script
    assert URL.format(name=project["vars"]["recogniser"]) in script
    assert project["vars"]["recogniser"] in READY_MAPS


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory) -> Path:
    """The folder of a pipeline with the components that configs take from a recogniser."""
    nlp = spacy.blank("en")
    for factory, name in (("tok2vec", "tok2vec"), ("ner", "ner"), ("tok2vec", "transformer"), ("ner", "gene_ner")):
        nlp.add_pipe(factory, name=name)
    nlp.add_pipe("doc_cleaner")
    path = tmp_path_factory.mktemp("recogniser") / "model"
    nlp.to_disk(path)
    return path


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_configs_are_complete_and_valid(config, recogniser):
    paths = {"paths.train": "train.spacy", "paths.dev": "dev.spacy"}
    if "${paths.ner}" in config.read_text(encoding="utf8"):
        paths["paths.ner"] = str(recogniser)
    debug_config(config, overrides=paths)


def test_shared_texts_are_all_that_differs_between_the_configs_of_chemprot():
    each, shared = (load_config(ROOT / "configs" / f"{name}.cfg") for name in ("chemprot", "chemprot_shared"))
    shared["components"]["relation_extractor"]["model"]["input_style"] = "anonymised"
    shared["training"]["batcher"] |= {"size": 16, "shuffle": "instance"}
    shared["training"] |= {"max_steps": 4512, "eval_frequency": 2256}
    shared["training"]["optimizer"]["learn_rate"]["warmup_steps"] = 451
    assert shared == each


def test_sample_is_divided_by_document(script, tmp_path):
    assert script("prepare_corpus", "sample", tmp_path).code == 0
    ids = {
        name: {
            doc.user_data["biore_doc_id"] for doc in DocBin().from_disk(tmp_path / f"{name}.spacy").get_docs(Vocab())
        }
        for name in ("train", "dev", "test")
    }
    assert sum(len(part) for part in ids.values()) == len(set().union(*ids.values())) == 74
    assert min(len(part) for part in ids.values()) > 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("bc5cdr", [(500, 9385), (500, 9591), (500, 9809)]),
        ("ncbi_disease", [(588, 5097), (104, 823), (100, 960)]),
        ("gnormplus", [(367, 4571), (65, 911), (262, 4487)]),
        ("nlmgene", [(383, 10933), (67, 1817), (100, 2756)]),
    ],
)
def test_corpora_of_the_recognisers(name, numbers, corpora, script, tmp_path):
    if not (corpora / ("bc5cdr" if name == "bc5cdr" else "ner")).exists():
        pytest.skip(f"BIORE_CORPORA has no {name}")
    assert script("prepare_corpus", name, tmp_path).code == 0
    found, ids = [], []
    for part in ("train", "dev", "test"):
        docs = list(DocBin().from_disk(tmp_path / f"{part}.spacy").get_docs(Vocab()))
        found.append((len(docs), sum(len(doc.spans["entities"]) for doc in docs)))
        ids += [doc.user_data["biore_doc_id"] for doc in docs]
    assert found == numbers
    assert len(set(ids)) == len(ids)


def test_unknown_corpus_is_named(script, tmp_path):
    assert script("prepare_corpus", "nowhere", tmp_path).failed("No corpus 'nowhere'")


def test_a_corpus_of_ones_own_is_left_as_it_is(script, tmp_path):
    for part in ("train", "dev", "test"):
        (tmp_path / f"{part}.spacy").write_bytes(b"mine")
    assert script("prepare_corpus", "mine", tmp_path).code == 0
    assert (tmp_path / "train.spacy").read_bytes() == b"mine"
