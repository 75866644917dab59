"""``python -m spacy biore crossval``: train and score a config on every fold of a corpus."""

import sys
import warnings
from contextlib import ExitStack
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated

import spacy
import typer
from spacy.cli._util import parse_config_overrides, show_validation_error
from spacy.tokens import Doc
from spacy.util import load_config, load_model_from_config
from thinc.api import Config
from wasabi import msg

from ..crossval.fold_files import check_overlaps, file_folds, find_fold_files
from ..crossval.folds import Fold, divide
from ..crossval.identity import identify, identify_folders
from ..crossval.instances import single_pairs
from ..crossval.run import Outcome, claim_output, cross_validate
from ..errors import BioreError, Errors, Warnings
from ..relations import get_group
from ..run_folder import sole_use
from .common import messages, read_corpus, use_gpu
from .crossval_table import crossval_table

DEFAULT_FOLDS = 10


class By(str, Enum):
    """The choices of ``--by``."""

    document = "document"
    file = "file"
    instance = "instance"


def crossval_cli(
    ctx: typer.Context,
    config_path: Annotated[Path, typer.Argument(metavar="CONFIG", help="Config of spacy train", exists=True)],
    corpus: Annotated[
        Path, typer.Argument(metavar="CORPUS", help=".spacy file, or a folder of them; with --by file, of folds")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for one JSON a fold and their summary")],
    by: Annotated[
        By,
        typer.Option(
            "--by",
            help="What is divided: documents, of which those of one article stay together; or single pairs, for "
            "comparison with work that does so. file: CORPUS holds the folds, a file or a folder each",
        ),
    ] = By.document,
    folds: Annotated[
        int | None, typer.Option("--folds", "-k", min=2, help=f"Number of folds (default: {DEFAULT_FOLDS})")
    ] = None,
    dev: Annotated[
        float,
        typer.Option("--dev", min=0.0, max=0.9, help="Share of the training articles that choose model and threshold"),
    ] = 0.1,
    seed: Annotated[int, typer.Option("--seed", "-s", help="Seed of the division, not of training")] = 0,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="GPU ID or -1 for CPU")] = -1,
) -> None:
    """Cross-validate a config: train and score it on every fold of a corpus.

    Values of the config can be set as for spacy train: --training.max_steps 100 --training.eval_frequency 50. The same
    command again goes on after the last finished fold. The exit code is 1 if a fold failed, or has no gold relations to
    score.
    """
    overrides = parse_config_overrides(ctx.args)
    with ExitStack() as until_done:
        # What is wrong with the folds is said before hours of training.
        with messages("No folds were made"), show_validation_error(config_path, hint_fill=False):
            config = load_config(config_path, overrides=overrides, interpolate=False)
            use_gpu(gpu_id)
            made = _make_folds(config, corpus, by, folds, seed)
            identity = identify(config, [corpus], by=by.value, folds=len(made), dev=dev, seed=seed)
            identity |= identify_folders(config)
            _claim(output, identity, until_done)
        with messages("Cross-validation failed", unmentioned=["BRW02"]):
            outcome = cross_validate(
                config, made, output, dev=dev, seed=seed, gpu_id=gpu_id, stdout=sys.stdout, begin=_begin
            )
    _report(outcome, output)
    if outcome.failures or outcome.unscored:
        raise typer.Exit(1)


def _make_folds(config: Config, corpus: Path, by: By, number: int | None, seed: int) -> list[Fold]:
    read = partial(read_corpus, nlp=spacy.blank("xx"))
    if by is By.file:
        if number is not None:
            raise BioreError(Errors.BR506)
        files = find_fold_files(corpus)
        check_overlaps(files, read)
        return file_folds(files, read)
    docs = list(read(corpus))
    if by is By.instance:
        n_docs = len(docs)
        docs = list(single_pairs(docs, load_model_from_config(config, auto_fill=True)))
        msg.info(f"{len(docs)} instances of {n_docs} documents")
    made = divide(docs, number or DEFAULT_FOLDS, by_article=by is By.document, seed=seed)
    _warn_of_leaks(docs, made, by)
    return made


def _warn_of_leaks(docs: list[Doc], folds: list[Fold], by: By) -> None:
    articles = {get_group(doc) for doc in docs}
    if by is By.instance:
        tested: list[set[str]] = [{get_group(doc) for doc in fold.read().test} for fold in folds]
        shared = sum(sum(article in groups for groups in tested) > 1 for article in articles)
        warnings.warn(Warnings.BRW50.format(shared=shared, articles=len(articles)), stacklevel=2)
    elif len(articles) == len(docs) and all(map(_is_sentence, docs)):
        warnings.warn(Warnings.BRW52.format(n_docs=len(docs)), stacklevel=2)


def _is_sentence(doc: Doc) -> bool:
    return doc.has_annotation("SENT_START") and len(list(doc.sents)) == 1


def _claim(output: Path, identity: dict[str, object], until_done: ExitStack) -> None:
    try:
        until_done.enter_context(sole_use(output))
        claim_output(output, identity)
    except OSError as error:
        raise BioreError(Errors.BR306.format(path=output, problem=error)) from error


def _begin(name: str) -> None:
    msg.divider(f"Fold {name}")


def _report(outcome: Outcome, output: Path) -> None:
    for name, reason in outcome.failures.items():
        msg.fail(f"Fold {name} failed", reason)
    for name in outcome.unscored:
        msg.warn(f"Fold {name} has no gold relations to score: it is in none of the means")
    if outcome.results:
        print(f"\n{crossval_table(outcome)}\n")
    msg.info(f"Results are in {output}")
