"""``python -m spacy biore train``: as spacy train, and on from an interruption."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from thinc.api import Config

from spacy_biore.run_folder import sole_use
from spacy_biore.training import continuation
from spacy_biore.training.identity import identify_training
from spacy_biore.training.loop import STATE


@pytest.fixture
def train(
    biore: Any, training_config: Config, make_doc: Callable[..., Doc], out: Path, tmp_path: Path
) -> Callable[..., Any]:
    """A function that trains on two documents, into a folder with something of the user's in it."""
    docs = [make_doc("[drug|CHEMICAL] blocks [cox|GENE].", [(0, 1, "INHIBITS")]), make_doc("[a|CHEMICAL] or [b|GENE].")]
    for name in ("train", "dev"):
        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / f"{name}.spacy")
        training_config["corpora"][name]["path"] = str(tmp_path / f"{name}.spacy")
    training_config["training"]["max_steps"] = 5
    training_config.to_disk(tmp_path / "config.cfg")
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    return lambda *args: biore("train", tmp_path / "config.cfg", "--output", out, *args)


@pytest.fixture(autouse=True)
def always_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state of a training is kept before each update."""
    monkeypatch.setattr(continuation, "INTERVAL", 0.0)


def test_a_pipeline_is_trained_and_saved(train: Any, out: Path, updates: dict[str, int]) -> None:
    result = train("--training.max_steps", 3)
    assert result.code == 0, result.output
    assert "SCORE" in result.output and updates["n"] == 4
    assert {path.name for path in out.iterdir()} == {"model-best", "model-last", "notes.txt"}
    nlp = spacy.load(out / "model-last")
    assert nlp.get_pipe("relation_extractor").labels == ("INHIBITS",)
    assert nlp.meta["performance"]


def test_the_same_command_goes_on_after_an_interruption(train: Any, out: Path, updates: dict[str, int]) -> None:
    updates["stop"] = 4
    assert train().code != 0 and (out / STATE).exists()
    assert (out / "model-last").exists(), "as spacy train leaves it"
    updates.update(n=0, stop=0)
    result = train()
    assert result.code == 0 and "Going on from update 3" in result.output and updates["n"] == 3
    assert not (out / STATE).exists()


@pytest.mark.parametrize("change", ["setting", "corpus"])
def test_another_training_begins_anew(
    change: str, train: Any, out: Path, updates: dict[str, int], make_doc: Callable[..., Doc], tmp_path: Path
) -> None:
    updates["stop"] = 4
    train()
    updates.update(n=0, stop=0)
    (out / "model-best" / "earlier_component").mkdir()
    args: list[Any] = ["--training.dropout", 0.3] if change == "setting" else []
    if change == "corpus":
        docs = [make_doc("[drug|CHEMICAL] frees [cox|GENE].", [(0, 1, "INHIBITS")])]
        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "train.spacy")
    result = train(*args)
    assert result.code == 0 and "state.pt is of another training" in " ".join(result.output.split())
    assert updates["n"] == 6
    assert not (out / "model-best" / "earlier_component").exists(), "nothing of the earlier model is left"


def test_what_another_training_began_is_not_gone_on_with(train: Any, out: Path, updates: dict[str, int]) -> None:
    updates["stop"] = 4
    train()
    updates.update(n=0, stop=1)
    train("--training.dropout", 0.3)
    updates.update(n=0, stop=0)
    assert train().code == 0 and updates["n"] == 6, "model-best would be that of the other training"


def test_what_a_training_writes_makes_no_other_training(training_config: Config, tmp_path: Path) -> None:
    output, text, code = tmp_path / "ner", tmp_path / "text.txt", tmp_path / "code.py"
    for path in (text, code):
        path.write_text("first")
    training_config["training"]["logger"] = {"@loggers": "x", "output_file": str(tmp_path / "log.jsonl")}
    training_config["paths"] = {"here": str(tmp_path), "own": str(output / "log"), "text": str(text), "other": "."}
    before = identify_training(training_config, output, code=code)
    (output / "log").mkdir(parents=True)
    (tmp_path / "log.jsonl").touch()
    assert identify_training(training_config, output, code=code) == before
    for path in (text, code):
        path.write_text("second")
        after = identify_training(training_config, output, code=code)
        assert [key for key in after if after[key] != before[key]] == ["contents"]
        before = after


def test_a_state_that_cant_be_read_is_named(train: Any, out: Path) -> None:
    (out / STATE).write_bytes(b"not a state")
    assert train().failed("BR514", "state.pt")


def test_two_trainings_in_one_folder(train: Any, out: Path) -> None:
    with sole_use(out):
        assert train().failed("BR419")


def test_the_config_comes_from_the_standard_input(biore: Any, train: Any, out: Path, tmp_path: Path) -> None:
    result = biore("train", "-", "--output", out, stdin=(tmp_path / "config.cfg").read_text())
    assert result.code == 0 and spacy.load(out / "model-last").has_pipe("relation_extractor")


def test_a_config_that_is_not_there(biore: Any, tmp_path: Path) -> None:
    assert biore("train", tmp_path / "none.cfg", "--output", tmp_path / "new").failed("E053", "none.cfg")
    assert not (tmp_path / "new").exists()


def test_code_of_the_user_is_imported_first(train: Any, tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(f"from pathlib import Path\nPath({str(tmp_path)!r}, 'imported').touch()\n")
    assert train("--code", tmp_path / "code.py", "--training.max_steps", 1).code == 0
    assert (tmp_path / "imported").exists()
