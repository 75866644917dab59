"""Runs of ``python -m spacy biore adapt`` on a tiny encoder: what they learn, save, resume and refuse."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer, PreTrainedTokenizerFast

from spacy_biore.adaptation.masked_lm import MaskedLoss
from spacy_biore.adaptation.run import adapt
from spacy_biore.adaptation.settings import Selection, Settings
from spacy_biore.adaptation.trainer import MaskedTrainer
from spacy_biore.errors import BioreError

SIZES = ["--max-length", 32, "--batch-tokens", 256, "--device-tokens", 128, "--held-out", 0.1]


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


def test_wrong_settings_are_found_before_the_text_is_read(settings, tmp_path, monkeypatch):
    monkeypatch.setattr("spacy_biore.adaptation.prepare.read_texts", lambda paths: pytest.fail("text was read"))
    with pytest.raises(ValueError, match="BR202"):
        adapt(Settings(**{**settings, "max_length": 2048, "device_tokens": 4096, "batch_tokens": 4096}))
    (tmp_path / "terms.tsv").write_text("GENE\tgene\n")
    with pytest.raises(ValueError, match=r"BR413.*DRUG"):
        adapt(Settings(**settings, selection=Selection(require=("DRUG",), terms=tmp_path / "terms.tsv")))
    folder = shutil.copytree(settings["encoder"], tmp_path / "words")
    special = {"unk_token": "[UNK]", "mask_token": "[MASK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    words = Tokenizer(WordLevel({piece: i for i, piece in enumerate(special.values())}, unk_token="[UNK]"))
    PreTrainedTokenizerFast(tokenizer_object=words, pad_token="[UNK]", **special).save_pretrained(folder)
    with pytest.raises(ValueError, match=r"BR406.*WordLevel"):
        adapt(Settings(**{**settings, "encoder": str(folder), "vocabulary": 5}))


def test_minutes_end_a_run_and_the_rate_follows_them(settings):
    rates: list[float] = []
    outcome = adapt(Settings(**{**settings, "steps": None, "minutes": 0.03, "evaluations": 2}), row=rates.append)
    assert outcome.finished
    assert 0.03 <= outcome.report["minutes"] < 0.2
    assert len(outcome.report["curve"]) == 3


def test_the_first_update_learns(settings):
    start, end = adapt(Settings(**{**settings, "steps": 1, "evaluations": 1})).report["curve"]
    assert end["held_out_loss"] != start["held_out_loss"]


@pytest.mark.parametrize(
    "selection", [Selection(exclude_ids=Path("missing")), Selection(require=("GENE",), terms=Path("missing"))]
)
def test_a_list_that_is_not_there_is_named(settings, selection):
    with pytest.raises(BioreError, match=r"BR100.*missing"):
        adapt(Settings(**{**settings, "selection": selection}))
    assert list(settings["output"].rglob("*.lock")) == []


def test_patience_keeps_the_best(settings):
    outcome = adapt(Settings(**{**settings, "steps": 200, "learn_rate": 0.5, "evaluations": 100, "patience": 2}))
    curve = outcome.report["curve"]
    assert curve[-1]["step"] < 200
    assert min(curve[-2]["held_out_loss"], curve[-1]["held_out_loss"]) > min(p["held_out_loss"] for p in curve)
    assert outcome.report["saved"] == min(curve, key=lambda point: point["held_out_loss"])


def test_patience_keeps_the_start_if_nothing_was_better(biore, settings, tmp_path):
    adapt(Settings(**settings))
    start, out = settings["output"], tmp_path / "worse"
    options = [*SIZES, "--steps", 200, "--learn-rate", 0.5, "--evaluations", 20, "--patience", 2]
    result = biore("adapt", "-e", start, "-t", settings["text"][0], "-o", out, *options)
    assert result.code == 0, result.output
    report = json.loads((out / "adaptation.json").read_text())
    assert report["saved"] == report["curve"][0]
    assert "the start is saved" in result.text
    assert f"{report['saved']['perplexity']:.2f} after update 0, which is saved" in result.text
    weights = [AutoModelForMaskedLM.from_pretrained(path).state_dict() for path in (start, out)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


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


def test_new_words_follow_the_last_piece_where_embeddings_are_filled_up(settings, tmp_path):
    model = AutoModelForMaskedLM.from_pretrained(settings["encoder"])
    tokenizer = AutoTokenizer.from_pretrained(settings["encoder"])
    pieces = len(tokenizer)
    model.resize_token_embeddings(pieces + 10, mean_resizing=False)
    model.save_pretrained(tmp_path / "filled")
    tokenizer.save_pretrained(tmp_path / "filled")
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(["imatinib inhibits the protein imatinib of the gene"] * 30), encoding="utf8")
    wanted = {"encoder": str(tmp_path / "filled"), "text": (path,), "steps": 2, "vocabulary": 5}
    adapt(Settings(**{**settings, **wanted}))
    assert AutoTokenizer.from_pretrained(settings["output"]).convert_tokens_to_ids("imatinib") == pieces
    assert AutoModel.from_pretrained(settings["output"]).get_input_embeddings().num_embeddings == pieces + 10


def test_excluded_documents_stop_a_run_or_are_left_out(biore, settings, tmp_path, text):
    (tmp_path / "ids.txt").write_text("999\n7\n")
    options = [*SIZES, "--steps", 2, "--exclude-ids", tmp_path / "ids.txt"]
    command = ["adapt", "-e", settings["encoder"], "-t", text, "-o", tmp_path / "o", *options]
    assert biore(*command).failed("BR404", "'7'", "line 8")
    shutil.rmtree(tmp_path / "o")
    result = biore(*command, "--drop-excluded")
    assert result.code == 0, result.output
    assert "excluded: 1" in result.text


def test_the_warning_that_ids_can_not_match_comes_before_the_training(biore, settings, tmp_path, text):
    (tmp_path / "ids.txt").write_text("PMC-1-a\n")
    options = [*SIZES, "--steps", 2, "--evaluations", 1, "--exclude-ids", tmp_path / "ids.txt"]
    result = biore("adapt", "-e", settings["encoder"], "-t", text, "-o", tmp_path / "o", *options)
    assert result.code == 0, result.output
    assert result.output.index("BRW41") < result.output.index("perplexity")


@pytest.mark.parametrize(("share", "held_out"), [(0.01, 1), (0.1, 6), (0.4, 24), (0.75, 45)])
def test_the_share_of_held_out_documents(settings, share, held_out):
    outcome = adapt(Settings(**{**settings, "steps": 1, "held_out": share}))
    assert outcome.report["text"]["held_out"]["documents"] == held_out


def test_outputs_that_would_harm_what_is_there(settings, text, tmp_path):
    with pytest.raises(ValueError, match=r"BR405.*output must be another folder than that of the encoder"):
        Settings(**{**settings, "output": Path(settings["encoder"])})
    with pytest.raises(ValueError, match=r"BR405.*output must be outside of the text"):
        Settings(**{**settings, "text": (text.parent,), "output": text.parent / "out"})
    other = shutil.copytree(settings["encoder"], tmp_path / "other")
    with pytest.raises(ValueError, match=r"BR417.*other"):
        adapt(Settings(**{**settings, "output": Path(other)}))


def test_missing_accelerate_is_named(biore, settings, text, tmp_path, monkeypatch):
    monkeypatch.setattr("transformers.utils.is_accelerate_available", lambda: False)
    result = biore("adapt", "-e", settings["encoder"], "-t", text, "-o", tmp_path / "o", "--steps", 2)
    assert result.failed("BR411", "pip install 'accelerate")


def test_a_batch_too_large_for_the_device(settings, monkeypatch):
    def too_much(self: MaskedTrainer, *args: Any, **kwargs: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(MaskedTrainer, "compute_loss", too_much)
    with pytest.raises(ValueError, match=r"BR415.*128 word pieces.*--device-tokens"):
        adapt(Settings(**settings))


@pytest.mark.parametrize("loss", [float("nan"), 5e3])
def test_a_run_that_diverges(settings, loss, monkeypatch):
    monkeypatch.setattr(MaskedLoss, "__call__", lambda self, model, inputs: torch.tensor(loss, requires_grad=True))
    with pytest.raises(ValueError, match=rf"BR410.*{loss}"):
        adapt(Settings(**settings))


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
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tiny_encoder, cls_token=None)
    tokenizer.save_pretrained(tmp_path / "mixed")
    with pytest.raises(ValueError, match=r"BR403.*cls: None"):
        adapt(Settings(**{**settings, "encoder": str(tmp_path / "mixed")}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 1.0},
        {"steps": None},
        {"steps": None, "minutes": math.inf},
        {"steps": None, "epochs": math.nan},
        {"learn_rate": math.inf},
        {"save_minutes": -1.0},
        {"save_minutes": math.nan},
        {"held_out": 0.0},
        {"device_tokens": 8},
        {"dropout": 1},
        {"patience": -1},
        {"seed": -1},
        {"selection": Selection(unit="sentence")},
        {"selection": Selection(drop_excluded=True)},
    ],
)
def test_settings_out_of_range(settings, wrong):
    with pytest.raises(ValueError, match="BR405"):
        Settings(**{**settings, **wrong})
