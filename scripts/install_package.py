"""Install a packaged pipeline into a new, empty environment, as a user would."""

import subprocess
import sys
import venv
from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg


def main(
    packages: Annotated[Path, typer.Argument(help="Folder with the packaged pipeline and its wheel")],
    environment: Annotated[Path, typer.Argument(help="Folder of the new environment")],
) -> None:
    """Build this library's wheel, and install it and the pipeline's wheel into a new environment."""
    wheels = sorted(packages.glob("dist/*.whl"), key=lambda wheel: wheel.stat().st_mtime)
    if not wheels:
        msg.fail(f"No wheel in {packages}", "Run first: python -m spacy project run package", exits=1)
    run(sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", "--wheel-dir", str(packages), ".")
    venv.create(environment, with_pip=True, clear=True)
    python = environment / "bin" / "python"
    run(python, "-m", "pip", "install", "-qq", "--find-links", packages, "-c", "constraints.txt", wheels[-1])
    msg.good(f"Installed {wheels[-1].name} into {environment}")


def run(*command: object) -> None:
    """Run a command; stop with its exit code if it fails."""
    code = subprocess.run([str(part) for part in command]).returncode
    if code:
        raise SystemExit(code)


if __name__ == "__main__":
    typer.run(main)
