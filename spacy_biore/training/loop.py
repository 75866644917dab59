"""``spacy train`` as a function that goes on where an earlier process was interrupted.

The commands import this module, so torch is imported only where a training runs.
"""

import io
import shutil
from pathlib import Path
from typing import IO, Any

from spacy.language import Language
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

STATE = "training_state.pt"


def train(
    nlp: Language,
    output: Path,
    *,
    gpu_id: int = -1,
    stdout: IO[str] | None = None,
    stderr: IO[str] | None = None,
    identity: Any,
) -> float:
    """Train a pipeline with spaCy's loop, and save its best and its last model.

    The state of the training is kept in ``training_state.pt``. With one in the folder, the training goes on from there;
    on the same machine, with the same number of threads, it ends as it would have without the interruption.

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
    from .continuation import Continuation

    config = nlp.config.interpolate()
    if config["training"]["seed"] is not None:
        fix_random_seed(config["training"]["seed"])
    if gpu_id >= 0 and config["training"]["gpu_allocator"]:
        set_gpu_allocator(config["training"]["gpu_allocator"])
    settings = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    frozen, optimizer = settings["frozen_components"], settings["optimizer"]
    train_corpus, dev_corpus = resolve_dot_names(config, [settings["train_corpus"], settings["dev_corpus"]])
    evaluate = create_evaluation_callback(nlp, dev_corpus, settings["score_weights"])
    # As the loop decides whose updates to finish.
    pipes: list[Any] = [
        pipe for name, pipe in nlp.pipeline if name not in frozen and getattr(pipe, "is_trainable", False)
    ]
    pipes = [pipe for pipe in pipes if pipe.model not in (True, False, None)]
    continued = Continuation(nlp, pipes, optimizer, evaluate, output / STATE, identity)

    def before_update(_: Any, info: dict[str, Any]) -> None:
        continued.before_update(info["step"])
        if settings["before_update"]:
            settings["before_update"](nlp, info)

    steps = train_while_improving(
        continued,  # type: ignore[arg-type]
        optimizer,
        continued.draw(create_train_batches(nlp, train_corpus, settings["batcher"], settings["max_epochs"])),
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
    last, best = output / DIR_MODEL_LAST, output / DIR_MODEL_BEST

    def save(is_best: bool) -> None:
        with nlp.use_params(optimizer.averages):
            before_to_disk(nlp).to_disk(last)
        if is_best:
            shutil.rmtree(best, ignore_errors=True)
            shutil.copytree(last, best)
            continued.save_soon()

    stdout, stderr = stdout or io.StringIO(), stderr or io.StringIO()
    if continued.start:
        print(f"Going on from update {continued.start}", file=stdout)
    else:
        if (output / STATE).exists():
            print(f"Beginning anew: {output / STATE} is of another training", file=stdout)
        # First, so that it never stands beside models of this one.
        (output / STATE).unlink(missing_ok=True)
        clean_output_dir(output)
    output.mkdir(parents=True, exist_ok=True)
    print(f"Pipeline: {nlp.pipe_names}" + (f"; frozen: {frozen}" if frozen else ""), file=stdout)
    with nlp.select_pipes(disable=frozen):
        log_step, finish_log = settings["logger"](nlp, stdout, stderr)
    try:
        for _, info, is_best in steps:
            if is_best is not None:
                with nlp.select_pipes(disable=frozen):
                    update_meta(settings, nlp, info)
                if not continued.is_repeating:
                    save(is_best)
                info["output_path"] = str(last)
            log_step(None if is_best is None else info)
    finally:
        finish_log()
        if not continued.is_repeating:
            save(False)
    return continued.seconds
