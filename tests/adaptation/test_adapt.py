"""Runs of ``python -m spacy biore adapt`` on a tiny encoder: what they learn, save, resume and refuse."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

from spacy_biore.adaptation.run import adapt
from spacy_biore.adaptation.settings import Settings
from spacy_biore.adaptation.trainer import Clock

WORDS = ["the gene", "inhibits", "activates", "a protein", "the chemical", "of the disease"]
SIZES = ["--max-length", 32, "--batch-tokens", 256, "--device-tokens", 128, "--held-out", 0.1]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty documents of six phrases in an order that can be learned."""
    path = tmp_path_factory.mktemp("text") / "text.jsonl"
    lines = [{"id": str(i), "text": " ".join(WORDS[(i + j) % 6] for j in range(30)) + "."} for i in range(60)]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf8")
    return path


@pytest.fixture()
def settings(tiny_encoder: str, text: Path, tmp_path: Path) -> dict[str, Any]:
    return {
        "encoder": tiny_encoder,
        "text": (text,),
        "output": tmp_path / "out",
        "steps": 30,
        "max_length": 32,
        "batch_tokens": 256,
        "device_tokens": 128,
        "learn_rate": 1e-2,
        "held_out": 0.1,
        "evaluations": 3,
    }


def test_lowers_held_out_perplexity_and_saves_an_encoder(biore: Any, tiny_encoder: str, text: Path, tmp_path: Path):
    out = tmp_path / "out"
    options = [*SIZES, "--steps", 150, "--learn-rate", 1e-2, "--evaluations", 3]
    result = biore("adapt", "-e", tiny_encoder, "-t", text, "-o", out, *options)
    assert result.code == 0, result.output
    report = json.loads((out / "adaptation.json").read_text())
    assert [point["step"] for point in report["curve"]] == [0, 50, 100, 150]
    perplexities = [point["perplexity"] for point in report["curve"]]
    assert perplexities[-1] < 0.7 * perplexities[0]
    assert f"{perplexities[-1]:.2f} at the end" in result.text
    assert "no masked-LM head" in result.text
    assert report["text"]["train"]["documents"] == 54 and report["text"]["held_out"]["documents"] == 6
    assert not (out / "work").exists()
    assert AutoModel.from_pretrained(out).config.hidden_size == 32
    assert AutoTokenizer.from_pretrained(out).is_fast


def test_the_encoder_trains_an_extractor(settings, make_example):
    adapt(Settings(**{**settings, "steps": 2}))
    nlp = spacy.blank("en")
    model = {"encoder": str(settings["output"]), "max_length": 64, "mixed_precision": False}
    nlp.add_pipe("relation_extractor", config={"model": model})
    example = make_example("[aspirin|CHEMICAL] inhibits [ptgs|GENE].", [(0, 1, "INHIBITS")])
    nlp.initialize(lambda: [example])
    adapted = AutoModel.from_pretrained(settings["output"]).embeddings.position_embeddings.weight
    network = nlp.get_pipe("relation_extractor").model.shims[0].network
    assert torch.equal(network.encoder.embeddings.position_embeddings.weight, adapted)
    assert nlp.update([example])["relation_extractor"] > 0


def test_an_interrupted_run_goes_on_and_ends_like_one_that_was_not(settings, tmp_path, monkeypatch):
    whole = adapt(Settings(**{**settings, "output": tmp_path / "whole"}))
    decide = Clock.on_step_end

    def interrupt(self, args, state, control, **kwargs):
        self.interrupted = state.global_step == 17
        decide(self, args, state, control, **kwargs)

    monkeypatch.setattr(Clock, "on_step_end", interrupt)
    assert not adapt(Settings(**settings)).finished
    assert not (settings["output"] / "adaptation.json").exists()
    monkeypatch.setattr(Clock, "on_step_end", decide)
    said: list[str] = []
    resumed = adapt(Settings(**settings), say=said.append)
    assert "Resuming from checkpoint-17" in said
    assert [point["step"] for point in resumed.report["curve"]] == [0, 10, 20, 30]
    for a, b in zip(whole.report["curve"], resumed.report["curve"], strict=True):
        assert a["held_out_loss"] == pytest.approx(b["held_out_loss"], abs=1e-6)
        assert a["pieces"] == b["pieces"]


def test_a_checkpoint_cut_off_while_it_was_written_is_not_used(settings):
    class Killed(BaseException):
        pass

    def die(point: dict[str, Any]) -> None:
        if point["step"] == 20:
            raise Killed

    with pytest.raises(Killed):
        adapt(Settings(**settings, save_minutes=0.0), row=die)
    work = settings["output"] / "work"
    newest = max(work.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    (newest / "trainer_state.json").unlink()
    said: list[str] = []
    assert adapt(Settings(**settings, save_minutes=0.0), say=said.append).finished
    step = int(newest.name.rpartition("-")[2])
    assert f"Resuming from checkpoint-{step - 1}" in said


def test_a_finished_run_is_not_repeated(settings):
    first = adapt(Settings(**settings))
    said: list[str] = []
    assert adapt(Settings(**settings), say=said.append).report == first.report
    assert "holds this run already" in said[0]


def test_a_folder_of_another_run_is_refused(biore, settings, tiny_encoder, text):
    adapt(Settings(**settings))
    result = biore("adapt", "-e", tiny_encoder, "-t", text, "-o", settings["output"], "--steps", 7)
    assert result.failed("BR407", "steps")


def test_minutes_end_a_run_and_the_rate_follows_them(settings):
    rates: list[float] = []
    outcome = adapt(Settings(**{**settings, "steps": None, "minutes": 0.03, "evaluations": 2}), row=rates.append)
    assert outcome.finished
    assert 0.03 <= outcome.report["minutes"] < 0.2
    assert len(outcome.report["curve"]) == 3


def test_patience_keeps_the_best(settings):
    outcome = adapt(Settings(**{**settings, "steps": 200, "learn_rate": 0.5, "evaluations": 100, "patience": 2}))
    curve = outcome.report["curve"]
    assert curve[-1]["step"] < 200
    assert min(curve[-2]["held_out_loss"], curve[-1]["held_out_loss"]) > min(p["held_out_loss"] for p in curve)


def test_an_encoder_with_a_head_keeps_it(settings, tmp_path):
    adapt(Settings(**settings))
    said: list[str] = []
    again = {**settings, "encoder": str(settings["output"]), "output": tmp_path / "again"}
    outcome = adapt(Settings(**again), say=said.append)
    assert not outcome.report["text"]["new_head"] and not any("masked-LM head" in text for text in said)
    before = json.loads((settings["output"] / "adaptation.json").read_text())["curve"][-1]["held_out_loss"]
    assert outcome.report["curve"][0]["held_out_loss"] == pytest.approx(before, abs=0.02)


def test_new_words_become_pieces(settings, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(["imatinib inhibits the protein imatinib of the gene"] * 30), encoding="utf8")
    outcome = adapt(Settings(**{**settings, "text": (path,), "steps": 2, "vocabulary": 5}))
    tokenizer = AutoTokenizer.from_pretrained(settings["output"])
    assert tokenizer.tokenize("Imatinib inhibits imatinibs") == ["imatinib", "inhibits", "imatinib", "##s"]
    extension = outcome.report["text"]["vocabulary"]
    assert extension["added"] == 1
    assert extension["pieces_per_word_after"] == 1.0 < extension["pieces_per_word_before"]
    model = AutoModelForMaskedLM.from_pretrained(settings["output"])
    assert model.get_input_embeddings().num_embeddings == len(tokenizer)


def test_excluded_documents_stop_a_run_or_are_left_out(biore, settings, tmp_path, text):
    (tmp_path / "ids.txt").write_text("999\n7\n")
    options = [*SIZES, "--steps", 2, "--exclude-ids", tmp_path / "ids.txt"]
    command = ["adapt", "-e", settings["encoder"], "-t", text, "-o", tmp_path / "o", *options]
    assert biore(*command).failed("BR404", "'7'", "line 8")
    shutil.rmtree(tmp_path / "o")
    result = biore(*command, "--drop-excluded")
    assert result.code == 0, result.output
    assert "excluded: 1" in result.text


def test_too_little_text(biore, settings, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("one document of some words\n\ntoo short", encoding="utf8")
    result = biore("adapt", "-e", settings["encoder"], "-t", path, "-o", tmp_path / "o", "--steps", 2)
    assert result.failed("BR408", "too short")


def test_a_tokenizer_that_does_not_match(settings, tmp_path, tiny_encoder):
    shutil.copytree(tiny_encoder, tmp_path / "mixed")
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    tokenizer.add_tokens(["surplus"])
    tokenizer.save_pretrained(tmp_path / "mixed")
    with pytest.raises(ValueError, match="BR403"):
        adapt(Settings(**{**settings, "encoder": str(tmp_path / "mixed")}))


def test_a_full_disk_is_reported(settings, monkeypatch):
    def full(self: Any, *args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spacy_biore.adaptation.trainer.MaskedTrainer.save_model", full)
    with pytest.raises(ValueError, match=r"BR409.*No space left"):
        adapt(Settings(**settings, save_minutes=0.0))
    monkeypatch.undo()
    assert adapt(Settings(**settings, save_minutes=0.0)).finished


@pytest.mark.parametrize(
    "wrong", [{"epochs": 1.0}, {"steps": None}, {"held_out": 0.0}, {"device_tokens": 8}, {"dropout": 1}]
)
def test_settings_out_of_range(settings, wrong):
    with pytest.raises(ValueError, match="BR405"):
        Settings(**{**settings, **wrong})
