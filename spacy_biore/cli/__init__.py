"""The commands ``python -m spacy biore ...``."""

import typer
from spacy.cli._util import app

from .convert import convert_cli

HELP = "Relation extraction for biomedical text: convert corpora."

biore_cli = typer.Typer(name="biore", help=HELP, no_args_is_help=True)
biore_cli.command("convert")(convert_cli)


@biore_cli.callback()
def _keep_subcommands() -> None:
    """Keep the name of the command necessary even while there is only one."""


app.add_typer(biore_cli)
