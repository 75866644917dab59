"""The command ``train``."""

import logging
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer
from spacy.cli._util import import_code, parse_config_overrides, show_validation_error
from spacy.training.initialize import init_nlp
from spacy.util import load_config, logger
from wasabi import msg

from ..run_folder import sole_use
from ..training.identity import identify_training
from ..training.loop import STATE, train
from .common import messages, use_gpu


def train_cli(
    ctx: typer.Context,
    config_path: Annotated[
        Path, typer.Argument(help="Config of spacy train, or - for the standard input", dir_okay=False, allow_dash=True)
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "--output-path", "-o", help="Folder for model-best, model-last and the state", file_okay=False
        ),
    ],
    code_path: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--code", "-c", help="Python file with registered functions, to be imported first"),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-V", help="Show spaCy's debugging messages")] = False,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="GPU ID or -1 for CPU")] = -1,
) -> None:
    """Train a pipeline as spacy train does, and go on after an interruption.

    Values of the config can be set as for spacy train: --training.max_steps 100. The state of the training is kept
    every ten minutes and after each new best model; the same command again goes on from it. With another config or
    other data it begins anew.
    """
    if verbose:
        logger.setLevel(logging.DEBUG)
    overrides = parse_config_overrides(ctx.args)
    import_code(code_path)
    with messages("Nothing was trained"), sole_use(output):
        use_gpu(gpu_id)
        with show_validation_error(config_path):
            config = load_config(config_path, overrides=overrides, interpolate=False)
        with show_validation_error(config_path, hint_fill=False):
            nlp = init_nlp(config, use_gpu=gpu_id)
        identity = identify_training(nlp.config, output, code=code_path)
        train(nlp, output, gpu_id=gpu_id, stdout=sys.stdout, stderr=sys.stderr, identity=identity)
        (output / STATE).unlink(missing_ok=True)
    msg.good(f"Saved the pipelines to {output}")
