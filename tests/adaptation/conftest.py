"""Text that can be learned, and a short run on it."""

import json
from pathlib import Path
from typing import Any

import pytest

WORDS = ["the gene", "inhibits", "activates", "a protein", "the chemical", "of the disease"]


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
