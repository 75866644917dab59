"""Install a packaged pipeline into a new, empty environment, as a user would."""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

MEGABYTE = 1_000_000


def main(
    packages: Annotated[Path, typer.Argument(help="Folder with the packaged pipeline and its wheel")],
    environment: Annotated[Path, typer.Argument(help="Folder of the new environment")],
    limit: Annotated[float | None, typer.Option("--limit", help="Megabytes that the wheel may have at most")] = None,
) -> None:
    """Build this library's wheel, and install it and the pipeline's wheel into a new environment."""
    wheels = sorted(packages.glob("dist/*.whl"), key=lambda wheel: wheel.stat().st_mtime)
    if not wheels:
        msg.fail(f"No wheel in {packages}", "Run first the step of project.yml that makes the package", exits=1)
    wheel = wheels[-1]
    size = wheel.stat().st_size / MEGABYTE
    if limit is not None and size > limit:
        advice = "Are the weights in half precision (assemble --half-precision), and nothing there twice?"
        msg.fail(f"{wheel.name} has {size:.1f} MB, more than {limit:g}", advice, exits=1)
    venv.create(environment, with_pip=True, clear=True)
    python = environment / "bin" / "python"
    with tempfile.TemporaryDirectory() as own:
        run(sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", "--wheel-dir", own, ".")
        # This library by its path, so that none of the same name comes from elsewhere.
        run(python, "-m", "pip", "install", "-qq", "-c", "constraints.txt", *Path(own).glob("*.whl"), wheel)
    msg.good(f"Installed {wheel.name} ({size:.1f} MB) into {environment}")


def run(*command: object) -> None:
    """Run a command; stop with its exit code if it fails."""
    code = subprocess.run([str(part) for part in command]).returncode
    if code:
        raise SystemExit(code)


if __name__ == "__main__":
    typer.run(main)
