"""``python -m spacy biore evaluate``: a trained pipeline's relations against those of a corpus."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from spacy.language import Language
from wasabi import msg

from ..errors import BioreError, Errors
from ..evaluation import Evaluation, evaluate, get_extractors, survey
from ..loading import load_pipeline
from .common import messages, progress, read_corpus, to_json, use_gpu
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
    with (
        # Messages must not come between what another program reads.
        contextlib.redirect_stdout(sys.stderr if to_stdout else sys.stdout),
        # The table says how many pairs were left out.
        messages("Evaluation failed", unmentioned=["BRW02"]),
    ):
        names = parse_names("--labels", labels)
        if output and not to_stdout:
            _make_room(Path(output))
        use_gpu(gpu_id)
        nlp = load_pipeline(model)
        get_extractors(nlp)
        n_docs = survey(nlp, read_corpus(corpus_path, nlp), labels=names).documents
        if not n_docs:
            raise BioreError(Errors.BR304.format(path=corpus_path))
        with progress(read_corpus(corpus_path, nlp), total=n_docs) as docs:
            result = evaluate(nlp, docs, end_to_end=end_to_end, labels=names, batch_size=batch_size)
        view = "end to end" if end_to_end else "given gold entities"
        report = {"model": _describe(nlp), "corpus": str(corpus_path), "view": view, **result.to_dict()}
        if not to_stdout:
            _print(result, view)
        if output and not to_stdout:
            _save(Path(output), report)
    if to_stdout:
        print(to_json(report))


def _describe(nlp: Language) -> dict[str, Any]:
    return {key: nlp.meta.get(key) for key in ("lang", "name", "version")}


def _print(result: Evaluation, view: str) -> None:
    msg.divider(f"Relations {view}")
    for title, table in evaluation_tables(result):
        print(f"\n{title}\n\n{table}")


def _make_room(path: Path) -> None:
    """Make the folders above a file, before the work that it will hold."""
    try:
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BioreError(Errors.BR306.format(path=path, problem=error)) from error


def _save(path: Path, report: dict[str, Any]) -> None:
    try:
        path.write_text(to_json(report) + "\n", encoding="utf-8")
    except OSError as error:
        raise BioreError(Errors.BR306.format(path=path, problem=error)) from error
    msg.good(f"Saved results to {path}")
