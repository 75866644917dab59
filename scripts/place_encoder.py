"""Put a pre-trained encoder into a folder, from a local folder, an installed package or the hub, and verify it."""

import hashlib
import shutil
from pathlib import Path
from typing import Annotated

import typer
from huggingface_hub import snapshot_download
from wasabi import msg

from spacy_biore.model.encoders import find_encoder

PATTERNS = ("*.json", "*.txt", "*.model", "model.safetensors", "pytorch_model.bin")
WEIGHTS = ("model.safetensors", "pytorch_model.bin")


def main(
    name: Annotated[str, typer.Argument(help="A folder, an installed package that carries a model, or a hub name")],
    output: Annotated[Path, typer.Argument(help="Folder to put it into")],
    sha256: Annotated[str, typer.Option(help="Expected checksum of the weights; empty to print it only")] = "",
) -> None:
    """Put an encoder in place and verify the checksum of its weights."""
    source = Path(find_encoder(name))
    if not source.is_dir():
        source = Path(snapshot_download(name, allow_patterns=list(PATTERNS)))
    output.mkdir(parents=True, exist_ok=True)
    for file in sorted({file for pattern in PATTERNS for file in source.glob(pattern)}):
        shutil.copyfile(file, output / file.name)
    weights = next((output / file for file in WEIGHTS if (output / file).exists()), None)
    if weights is None:
        msg.fail(f"No weights in {source}", f"Looked for {' and '.join(WEIGHTS)}.", exits=1)
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    if sha256 and found != sha256:
        weights.unlink()
        msg.fail(f"The weights of '{name}' are not the expected ones", f"sha256 {found}, not {sha256}", exits=1)
    msg.good(f"Encoder '{name}' is in {output} (sha256 {found[:12]}...{', verified' if sha256 else ''})")


if __name__ == "__main__":
    typer.run(main)
