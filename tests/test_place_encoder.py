"""Putting an encoder into the project."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def place(source: Path, output: Path, *options: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "scripts/place_encoder.py", str(source), str(output), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_an_encoder_replaces_another_completely(tmp_path):
    first, second, output = tmp_path / "first", tmp_path / "second", tmp_path / "output"
    for folder, weights in ((first, "model.safetensors"), (second, "pytorch_model.bin")):
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        (folder / weights).write_bytes(weights.encode())
    (first / "tokenizer.json").write_text("{}")
    assert place(first, output).returncode == 0
    assert place(second, output).returncode == 0
    assert sorted(path.name for path in output.iterdir()) == ["config.json", "origin.txt", "pytorch_model.bin"]
    refused = place(first, output, "--sha256", "0" * 64)
    assert refused.returncode == 1 and "not the expected" in " ".join(refused.stdout.split())
    assert sorted(path.name for path in output.iterdir()) == ["config.json", "origin.txt", "pytorch_model.bin"]


def test_an_encoder_that_is_nowhere_is_named_unless_it_is_in_place(tmp_path):
    output = tmp_path / "output"
    done = place(Path("no-such-encoder"), output)
    assert done.returncode == 1 and "BR200" in done.stdout and not output.exists()
    output.mkdir()
    for origin, code in (("another", 1), ("no-such-encoder", 0)):
        (output / "origin.txt").write_text(origin)
        assert place(Path("no-such-encoder"), output).returncode == code
