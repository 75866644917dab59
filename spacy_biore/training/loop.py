"""``spacy train`` as a function that goes on where an earlier process was interrupted."""

import io
from pathlib import Path
from typing import IO, Any

from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.schemas import ConfigSchemaTraining
from spacy.training.loop import (
    DIR_MODEL_BEST,
    DIR_MODEL_LAST,
    clean_output_dir,
    create_before_to_disk_callback,
    create_evaluation_callback,
    create_train_batches,
    train_while_improving,
    update_meta,
)
from spacy.util import registry, resolve_dot_names
from thinc.api import fix_random_seed, set_gpu_allocator

from .continuation import Continuation

STATE = "state.pt"


def train(
    nlp: Language,
    output: Path,
    *,
    gpu_id: int = -1,
    stdout: IO[str] | None = None,
    stderr: IO[str] | None = None,
    identity: Any = None,
) -> float:
    """Train a pipeline with spaCy's loop, and save its best and its last model.

    The state of the training is kept in ``state.pt``. With one in the folder, the training goes on from there; on the
    same machine, with the same number of threads, it ends as it would have without the interruption.

    Args:
        nlp: The pipeline, initialized.
        output: A folder.
        gpu_id: A GPU that is in use already, or -1.
        stdout: Where the config's logger writes; None for nowhere.
        stderr: Where it shows progress; None for nowhere.
        identity: As in ``Continuation``.

    Returns:
        The seconds that it took.

    Raises:
        BioreError: BR514 for a state that can't be read; and whatever training raises.
    """
    config = nlp.config.interpolate()
    if config["training"]["seed"] is not None:
        fix_random_seed(config["training"]["seed"])
    if gpu_id >= 0 and config["training"]["gpu_allocator"]:
        set_gpu_allocator(config["training"]["gpu_allocator"])
    settings = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    frozen, optimizer = settings["frozen_components"], settings["optimizer"]
    train_corpus, dev_corpus = resolve_dot_names(config, [settings["train_corpus"], settings["dev_corpus"]])
    evaluate = create_evaluation_callback(nlp, dev_corpus, settings["score_weights"])
    pipes = [pipe for name, pipe in nlp.pipeline if isinstance(pipe, TrainablePipe) and name not in frozen]
    continued = Continuation(nlp, pipes, optimizer, evaluate, output / STATE, identity)

    def before_update(_: Any, info: dict[str, Any]) -> None:
        continued.before_update(info["step"])
        if settings["before_update"]:
            settings["before_update"](nlp, info)

    steps = train_while_improving(
        continued,  # type: ignore[arg-type]
        optimizer,
        continued.batches(create_train_batches(nlp, train_corpus, settings["batcher"], settings["max_epochs"])),
        continued.evaluate,
        dropout=settings["dropout"],
        accumulate_gradient=settings["accumulate_gradient"],
        patience=settings["patience"],
        max_steps=settings["max_steps"],
        eval_frequency=settings["eval_frequency"],
        exclude=frozen,
        annotating_components=settings["annotating_components"],
        before_update=before_update,
    )
    before_to_disk = create_before_to_disk_callback(settings["before_to_disk"])

    def save(name: str) -> None:
        with nlp.use_params(optimizer.averages):
            before_to_disk(nlp).to_disk(output / name)

    stdout, stderr = stdout or io.StringIO(), stderr or io.StringIO()
    if continued.start:
        print(f"Going on from update {continued.start}", file=stdout)
    else:
        if (output / STATE).exists():
            print(f"Beginning anew: {output / STATE} is of another training", file=stdout)
        clean_output_dir(output)
    output.mkdir(parents=True, exist_ok=True)
    with nlp.select_pipes(disable=frozen):
        log_step, finish_log = settings["logger"](nlp, stdout, stderr)
    try:
        for _, info, is_best in steps:
            if is_best is not None and not continued.is_repeating:
                with nlp.select_pipes(disable=frozen):
                    update_meta(settings, nlp, info)
                if is_best:
                    save(DIR_MODEL_BEST)
            log_step(None if is_best is None else info)
    finally:
        finish_log()
    save(DIR_MODEL_LAST)
    return continued.seconds
