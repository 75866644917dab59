"""The commands ``python -m spacy biore ...``."""

import typer
from spacy.cli._util import app

from .adapt import adapt_cli
from .assemble import assemble_cli
from .convert import convert_cli
from .crossval import crossval_cli
from .evaluate import evaluate_cli
from .find_threshold import find_threshold_cli
from .train import train_cli

HELP = (
    "Relation extraction for biomedical text: adapt encoders, convert corpora, train, assemble and evaluate pipelines."
)

# As spacy train has it: --training.max_steps 100 is no option of the command.
CONFIG_VALUES = {"allow_extra_args": True, "ignore_unknown_options": True}

biore_cli = typer.Typer(name="biore", help=HELP, no_args_is_help=True)
biore_cli.command("adapt")(adapt_cli)
biore_cli.command("assemble")(assemble_cli)
biore_cli.command("convert")(convert_cli)
biore_cli.command("crossval", context_settings=CONFIG_VALUES)(crossval_cli)
biore_cli.command("evaluate")(evaluate_cli)
biore_cli.command("find-threshold")(find_threshold_cli)
biore_cli.command("train", context_settings=CONFIG_VALUES)(train_cli)

app.add_typer(biore_cli)
