"""``python -m spacy biore find-threshold``: the threshold that suits a development corpus best."""

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from ..component import RelationExtractor
from ..errors import BioreError, Errors
from ..evaluation import get_extractors, survey
from ..loading import load_pipeline
from ..threshold_search import Trial, best_trial, set_threshold, try_thresholds
from .common import check_output, messages, progress, read_corpus, save_pipeline, use_gpu
from .evaluation_tables import make_table, percent


def find_threshold_cli(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name or path of a trained pipeline")],
    corpus_path: Annotated[
        Path, typer.Argument(metavar="CORPUS", help="Development corpus: .spacy file with gold relations, or a folder")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Save the pipeline with the best threshold here")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The relation extractor, if the pipeline has more than one")
    ] = None,
    end_to_end: Annotated[
        bool, typer.Option("--end-to-end", "-e", help="Run the whole pipeline on the text (default: gold entities)")
    ] = False,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, help="Documents a batch (default: the pipeline's own setting)")
    ] = None,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="GPU ID or -1 for CPU")] = -1,
) -> None:
    """Find the threshold with the highest micro-averaged F, given gold entities or end to end.

    Pairs are scored once for all thresholds. Use the development corpus, never the test corpus.
    """
    with messages("No threshold was found", unmentioned=["BRW02"]):
        use_gpu(gpu_id)
        nlp = load_pipeline(model)
        if output is not None:
            check_output(output, [nlp])
        name, extractor = _choose(get_extractors(nlp), name)
        found = survey(nlp, read_corpus(corpus_path, nlp))
        n_gold = sum(found.gold[label] for label in extractor.labels)
        if not n_gold:
            raise BioreError(Errors.BR308.format(path=corpus_path, labels=", ".join(extractor.labels)))
        with progress(read_corpus(corpus_path, nlp), total=found.documents) as docs:
            trials = try_thresholds(nlp, extractor, docs, end_to_end=end_to_end, batch_size=batch_size)
        best = best_trial(trials)
        if not best.tally.micro.tp:
            raise BioreError(Errors.BR310.format(n_gold=n_gold, path=corpus_path))
        print(make_table(["threshold", "P", "R", "F", ""], [_row(trial, is_best=trial is best) for trial in trials]))
        if output is not None:
            set_threshold(nlp, name, best)
            save_pipeline(nlp, output)
            msg.good(f"Saved the pipeline with this threshold to {output}")
        else:
            msg.info("Nothing was saved: --output saves the pipeline with this threshold")


def _choose(extractors: dict[str, RelationExtractor], name: str | None) -> tuple[str, RelationExtractor]:
    if name is None and len(extractors) == 1:
        return next(iter(extractors.items()))
    if name not in extractors:
        raise BioreError(Errors.BR309.format(name=name or "not given", known=", ".join(extractors)))
    return name, extractors[name]


def _row(trial: Trial, *, is_best: bool) -> tuple[str, ...]:
    score = trial.tally.micro
    threshold = "natural" if trial.threshold is None else f"{trial.threshold:.2f}"
    return threshold, *map(percent, (score.precision, score.recall, score.fscore)), "best" if is_best else ""
