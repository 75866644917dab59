"""Benchmarks of adaptation: the loops that are compared compute the same loss; the curve shows every run."""

import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from spacy_biore.adaptation.masked_lm import MaskedLoss, load_masked_lm
from spacy_biore.adaptation.settings import Settings

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import adaptation_curve, adaptation_speed

WORDS = ["the gene", "inhibits", "activates", "a protein", "the chemical", "of the disease"]


@pytest.fixture
def settings(tiny_encoder: str, tmp_path: Path) -> Settings:
    text = tmp_path / "text.jsonl"
    lines = [{"id": str(i), "text": " ".join(WORDS[(i + j) % 6] for j in range(30)) + "."} for i in range(30)]
    text.write_text("\n".join(map(json.dumps, lines)), encoding="utf8")
    return Settings(
        encoder=tiny_encoder,
        text=(text,),
        output=tmp_path / "out",
        steps=2,
        max_length=32,
        batch_tokens=256,
        device_tokens=128,
        held_out=0.1,
    )


@pytest.fixture
def inputs() -> dict[str, Tensor]:
    ids = torch.arange(5, 37).reshape(2, 16)
    labels = torch.where(torch.arange(32).reshape(2, 16) % 5 == 0, ids, -100)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}


def test_both_losses_are_the_same(tiny_encoder: str, inputs: dict[str, Tensor]):
    model = load_masked_lm(tiny_encoder).model.eval()
    with torch.no_grad():
        full = adaptation_speed._own_loss(model)(model, inputs)
        masked = MaskedLoss(model)(model, inputs)
    torch.testing.assert_close(masked, full)


def test_bare_loop_learns(tiny_encoder: str, inputs: dict[str, Tensor], settings: Settings):
    model = load_masked_lm(tiny_encoder).model
    loss = adaptation_speed._own_loss(model)
    before = loss(model.eval(), inputs).item()
    adaptation_speed.train(model, loss, [[inputs, inputs]] * 20, settings)
    assert loss(model.eval(), inputs).item() < before


def test_a_rate_counts_the_pieces_of_all_updates(settings: Settings, tmp_path: Path):
    result = adaptation_speed.compare(settings, tmp_path / "work", rounds=1)
    assert result["pieces"] == 2 * 256
    assert set(result["pieces_per_second"]) == {"trainer", "bare_loop", "full_logits"}
    assert set(result["ratios"]) == {"trainer_to_bare_loop", "trainer_to_full_logits"}


def report(perplexities: list[float]) -> dict[str, Any]:
    curve = [{"pieces": 10**6 * number, "perplexity": value} for number, value in enumerate(perplexities)]
    return {"run": {"encoder": "encoder", "text": [{"file": "text.txt", "sha256": "7"}]}, "curve": curve}


def test_curve_leaves_out_the_point_before_the_first_update():
    picture = adaptation_curve.draw({"long": report([90.0, 9.0, 5.0]), "short": report([90.0, 8.0])})
    assert ET.fromstring(picture).tag.endswith("svg")
    assert ">long<" in picture and ">short<" in picture
    assert max(map(float, re.findall(r">([\d.]+)</text>", picture))) <= 10


def test_the_curve_is_drawn_and_its_reports_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "encoder-adapted"
    folder.mkdir()
    (folder / "adaptation.json").write_text(json.dumps(report([90.0, 9.0, 5.0])), encoding="utf8")
    picture, results = tmp_path / "curve.svg", tmp_path / "results"
    arguments = [str(folder), "--picture", str(picture), "--results", str(results)]
    monkeypatch.setattr(sys, "argv", ["adaptation_curve.py", *arguments])
    adaptation_curve.main()
    kept = json.loads((results / "encoder-adapted.json").read_text(encoding="utf8"))
    assert kept == report([90.0, 9.0, 5.0])
    assert "encoder-adapted" in picture.read_text(encoding="utf8")
