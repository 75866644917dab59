"""``python -m spacy biore evaluate``: a trained pipeline's relations against those of a corpus."""

import contextlib
import json
import sys
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from spacy.cli._util import setup_gpu
from spacy.language import Language
from spacy.tokens import Doc
from tqdm import tqdm  # type: ignore[import-untyped]
from wasabi import msg

from ..errors import BioreError, Errors
from ..evaluation import Evaluation, evaluate, get_extractors, survey
from ..readers import read_docs
from .evaluation_tables import evaluation_tables
from .parsing import parse_names

TO_STDOUT = "json"


def evaluate_cli(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name or path of a trained pipeline")],
    corpus_path: Annotated[
        Path, typer.Argument(metavar="CORPUS", help=".spacy file with gold relations, or a folder of them")
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="json|FILE", help="'json': print JSON, not tables; a path: save JSON there too"
        ),
    ] = None,
    end_to_end: Annotated[
        bool, typer.Option("--end-to-end", "-e", help="Run the whole pipeline on the text (default: gold entities)")
    ] = False,
    labels: Annotated[
        str | None, typer.Option("--labels", help="Score only these labels, e.g. CPR:3,CPR:4 (default: all)")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, help="Documents a batch (default: the pipeline's own setting)")
    ] = None,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="GPU ID or -1 for CPU")] = -1,
) -> None:
    """Evaluate the relation extractor of a trained pipeline.

    Prints precision, recall and F, what was confused with what, and where gold relations were lost. Every gold relation
    counts, whether or not its two mentions were a candidate pair.
    """
    to_stdout = output == TO_STDOUT
    # Messages must not come between what another program reads.
    with contextlib.redirect_stdout(sys.stderr if to_stdout else sys.stdout), _messages():
        names = parse_names("--labels", labels)
        _use_gpu(gpu_id)
        nlp = _load(model)
        get_extractors(nlp)
        n_docs = survey(nlp, _read(corpus_path, nlp), labels=names).documents
        if not n_docs:
            raise BioreError(Errors.BR304.format(path=corpus_path))
        with tqdm(_read(corpus_path, nlp), total=n_docs, unit=" docs", disable=None, leave=False) as docs:
            result = evaluate(nlp, docs, end_to_end=end_to_end, labels=names, batch_size=batch_size)
        view = "end to end" if end_to_end else "given gold entities"
        report = {"model": _describe(nlp), "corpus": str(corpus_path), "view": view, **result.to_dict()}
        if not to_stdout:
            _print(result, view)
        if output and not to_stdout:
            _save(Path(output), report)
    if to_stdout:
        print(_to_json(report))


@contextlib.contextmanager
def _messages() -> Iterator[None]:
    """Print our warnings as messages; print a coded error of ours or spaCy's as one too, and exit with code 1."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", message=r"\[BRW")
        # One for each batch: the table has their sum.
        warnings.filterwarnings("ignore", message=r"\[BRW02\]")
        try:
            yield
        except ValueError as error:
            if not str(error).startswith(("[BR", "[E")):
                raise
            msg.fail("Evaluation failed", str(error), exits=1)
        finally:
            for warning in caught:
                msg.warn(str(warning.message))


def _use_gpu(gpu_id: int) -> None:
    try:
        setup_gpu(gpu_id)
    except ValueError as error:
        raise BioreError(Errors.BR307.format(gpu_id=gpu_id, problem=error)) from error


def _load(model: str) -> Language:
    try:
        return spacy.load(model)
    except (OSError, ImportError, ValueError, KeyError) as error:
        raise BioreError(Errors.BR300.format(name=model, problem=error)) from error


def _read(path: Path, nlp: Language) -> Iterator[Doc]:
    try:
        yield from read_docs(path, nlp)
    except BioreError:
        raise
    except (OSError, ValueError, KeyError, TypeError, zlib.error) as error:
        raise BioreError(Errors.BR305.format(path=path, problem=error)) from error


def _describe(nlp: Language) -> dict[str, Any]:
    return {key: nlp.meta.get(key) for key in ("lang", "name", "version")}


def _print(result: Evaluation, view: str) -> None:
    msg.divider(f"Relations {view}")
    for title, table in evaluation_tables(result):
        print(f"\n{title}\n\n{table}")


def _save(path: Path, report: dict[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_to_json(report) + "\n", encoding="utf-8")
    except OSError as error:
        raise BioreError(Errors.BR306.format(path=path, problem=error)) from error
    msg.good(f"Saved results to {path}")


def _to_json(report: dict[str, Any]) -> str:
    return json.dumps(report, indent=2, ensure_ascii=False)
