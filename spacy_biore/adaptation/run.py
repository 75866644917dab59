"""The whole of an adaptation run: prepare the text, train, save the encoder."""

import json
import math
import os
import platform
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoTokenizer, TrainingArguments, set_seed

from ..errors import BioreError, Errors
from ..model.shim import has_bfloat16
from ..run_folder import RUN, check_same_run, claim_folder, empty_folder, refuse_foreign, sole_use
from .blocks import BlockDataset, packed_blocks, sentence_blocks
from .curve import Curve
from .guards import enough_memory, stopping_at_ctrl_c, writing
from .masked_lm import load_to_train
from .masking import MaskingCollator
from .prepare import HELD_OUT, PREPARED, START, TRAIN, prepare
from .reporting import say_prepared, say_saved, say_update
from .saving import REPORT, save, saved_point
from .settings import Settings, Watch
from .store import PieceStore
from .trainer import HEAD_SHARE, Clock, MaskedTrainer, last_checkpoint

# Held-out text that is scored each time, in word pieces.
HELD_OUT_PIECES = 40_000
# How long the other processes wait for the first to read the text.
PREPARATION_SECONDS = 7 * 24 * 3600
# Updates of a run that is measured in minutes.
UNLIMITED = 10**9


@dataclass
class Outcome:
    """How a run ended.

    Attributes:
        finished: Whether the encoder was saved; else the run was interrupted and can be resumed.
        report: What was read, the curve, and what it took; saved beside the encoder as ``adaptation.json``. Of several
            processes, only the first has it.
    """

    finished: bool
    report: dict[str, Any] = field(default_factory=dict)


def adapt(
    settings: Settings,
    *,
    watch: Watch = lambda items, title: items,
    say: Callable[[str], None] = lambda text: None,
    row: Callable[[dict[str, Any]], None] = lambda values: None,
    advance: Callable[[float], None] = lambda share: None,
) -> Outcome:
    """Pre-train an encoder further on text, or resume doing so, and save it in ``settings.output``.

    Everything that belongs to an unfinished run is in the folder ``work`` of the output.

    Args:
        settings: The run.
        watch: Shows progress over what is read.
        say: Called with messages.
        row: Called with the figures of each evaluation.
        advance: Called after each update with the share of the run that is done.

    Raises:
        BioreError: As ``prepare`` does; BR407 if the output belongs to another run; BR409 if something can't be
            written; BR410 if the loss is not a number; BR415 if the device has too little memory; BR416 if what an
            earlier run wrote can't be read; BR417 if the output holds another model; BR419 if another process is
            writing to it; BR420 if its folder ``work`` is not of a run.
    """
    work = settings.output / "work"
    with writing(settings.output):
        arguments = make_arguments(settings, work)
        with sole_use(settings.output) if arguments.process_index == 0 else nullcontext():
            return _adapt(settings, work, arguments, watch=watch, say=say, row=row, advance=advance)


def _adapt(
    settings: Settings,
    work: Path,
    arguments: TrainingArguments,
    *,
    watch: Watch,
    say: Callable[[str], None],
    row: Callable[[dict[str, Any]], None],
    advance: Callable[[float], None],
) -> Outcome:
    set_seed(settings.seed)
    is_first = arguments.process_index == 0
    # One of several processes looks what is there and prepares, the others wait and find it done.
    with arguments.main_process_first(local=False):
        report = _earlier_report(settings.output, work)
        identity = settings.identity(watch) if is_first else {}
        if report and is_first:
            check_same_run(settings.output, report["run"], identity)
            say(f"{settings.output} holds this run already")
        if report:
            return Outcome(True, report if is_first else {})
        if is_first:
            _claim(work, identity)
        prepared = prepare(settings, work, watch=watch)
        checkpoint = last_checkpoint(work)
    if is_first:
        say_prepared(prepared, say)
        say_update(settings, arguments, say)
        if checkpoint:
            say(f"Resuming from {checkpoint.name}")
    trainer, curve = make_trainer(settings, work, prepared, arguments, row=row, advance=advance)
    with stopping_at_ctrl_c(trainer.clock), enough_memory(settings.device_tokens), warnings.catch_warnings():
        # transformers 4.53 calls autocast by its former name, and orders checkpoints by number where it must.
        warnings.filterwarnings("ignore", message=r"`torch\.cpu\.amp\.autocast", category=FutureWarning)
        warnings.filterwarnings("ignore", message="mtime may not be reliable")
        trainer.args.eval_on_start = checkpoint is None
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if trainer.clock.interrupted and not trainer.clock.ended:
        return Outcome(False)
    report = {
        "run": identity,
        "text": prepared,
        "curve": curve.points,
        "saved": saved_point(curve.points, patience=settings.patience),
        **trainer.clock.figures(),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "device": str(trainer.args.device)},
    }
    if is_first:
        say_saved(report, say)
        save(trainer, work, settings.output, report)
    trainer.accelerator.wait_for_everyone()
    return Outcome(True, report if is_first else {})


def make_trainer(
    settings: Settings,
    work: Path,
    prepared: dict[str, Any],
    arguments: TrainingArguments,
    *,
    row: Callable[[dict[str, Any]], None],
    advance: Callable[[float], None],
) -> tuple[MaskedTrainer, Curve]:
    """Make the Trainer of a run, and what gathers its figures.

    Args:
        settings: The run.
        work: The folder of its files.
        prepared: What ``prepare`` returned.
        arguments: What ``make_arguments`` returned.
        row: Called with the figures of each evaluation.
        advance: Called after each update with the share of the run that is done.
    """
    set_seed(settings.seed)
    tokenizer = AutoTokenizer.from_pretrained(work / START)
    model = load_to_train(work / START, dropout=settings.dropout)
    clock = Clock(
        minutes=settings.minutes,
        evaluations=settings.evaluations,
        patience=settings.patience,
        save_minutes=settings.save_minutes,
        head_share=HEAD_SHARE if prepared["new_head"] else 0.0,
    )
    curve = Curve(clock, row, advance)
    collator = MaskingCollator(
        settings.masking,
        share=settings.mask_share,
        mask_id=tokenizer.mask_token_id,
        pad_id=tokenizer.pad_token_id,
        vocabulary=len(tokenizer),
        seed=settings.seed,
    )
    size = settings.max_length - 2
    cut = packed_blocks if settings.fill == "packed" else sentence_blocks
    datasets = []
    for name in (TRAIN, HELD_OUT):
        store = PieceStore.open(work / name)
        datasets.append(
            BlockDataset(store, cut(store, size), cls_id=tokenizer.cls_token_id, sep_id=tokenizer.sep_token_id)
        )
    datasets[1].keep(HELD_OUT_PIECES // size)
    trainer = MaskedTrainer(
        clock=clock,
        warmup=settings.warmup,
        model=model,
        args=arguments,
        data_collator=collator,
        train_dataset=datasets[0],
        eval_dataset=datasets[1],
        processing_class=tokenizer,
        callbacks=[curve],
    )
    return trainer, curve


def make_arguments(settings: Settings, work: Path) -> TrainingArguments:
    """Return the arguments of the Trainer of a run whose files are in the folder ``work``."""
    on_gpu = torch.cuda.is_available()
    has_bf16 = has_bfloat16("cuda" if on_gpu else "cpu")
    # Sequences an update on each device, in as few batches as fit into its memory, all of one size.
    sequences = max(1, settings.batch_tokens // (settings.max_length * int(os.environ.get("WORLD_SIZE", "1"))))
    batches = math.ceil(sequences / (settings.device_tokens // settings.max_length))
    arguments = TrainingArguments(
        output_dir=str(work),
        use_cpu=not on_gpu,
        bf16=has_bf16,
        fp16=on_gpu and not has_bf16,
        per_device_train_batch_size=sequences // batches,
        per_device_eval_batch_size=settings.device_tokens // settings.max_length,
        gradient_accumulation_steps=batches,
        max_steps=settings.steps or (UNLIMITED if settings.minutes else -1),
        num_train_epochs=settings.epochs or 1,
        learning_rate=settings.learn_rate,
        weight_decay=0.01,
        adam_beta2=0.98,
        adam_epsilon=1e-6,
        max_grad_norm=1.0,
        optim="adamw_torch_fused",
        seed=settings.seed,
        # The clock decides when to score, to log and to save.
        eval_strategy="no",
        save_strategy="no",
        logging_strategy="no",
        save_total_limit=2,
        prediction_loss_only=True,
        remove_unused_columns=False,
        label_names=["labels"],
        disable_tqdm=True,
        report_to="none",
        log_level="error",
        ddp_timeout=PREPARATION_SECONDS,
    )
    # Without a launcher only the first of several GPUs is used: Trainer would else wrap the model in DataParallel, and
    # that parts a batch from the choice of its masked pieces. Reading the device sets the number of GPUs.
    if arguments.device.type == "cuda":
        arguments._n_gpu = 1
    return arguments


def _earlier_report(output: Path, work: Path) -> dict[str, Any]:
    """Return the report of the run that an output holds, if it holds one; a run writes it last."""
    path = output / REPORT
    if not path.exists():
        if (output / "config.json").exists() and not (work / RUN).exists():
            raise BioreError(Errors.BR417.format(path=output))
        return {}
    try:
        return {"run": {}, **json.loads(path.read_text(encoding="utf8"))}
    except (ValueError, TypeError) as error:
        raise BioreError(Errors.BR416.format(path=path, problem=error)) from error


def _claim(work: Path, identity: dict[str, Any]) -> None:
    """Take the folder of a run; one whose text was never prepared holds nothing to keep and is emptied."""
    if not (work / RUN).exists():
        refuse_foreign(work)
    elif not (work / PREPARED).exists():
        empty_folder(work)
    claim_folder(work, identity)
