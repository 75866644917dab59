"""The whole of an adaptation run: prepare the text, train, save the encoder."""

import json
import os
import platform
import shutil
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from transformers import AutoModelForMaskedLM, AutoTokenizer, TrainingArguments, set_seed

from ..errors import BioreError, Errors
from ..model.shim import has_bfloat16
from ..run_folder import check_same_run, claim_folder
from .blocks import BlockDataset, packed_blocks, sentence_blocks
from .curve import Curve
from .masked_lm import load_to_train, restore_dropout
from .masking import MaskingCollator
from .prepare import HELD_OUT, START, TRAIN, Watch, prepare
from .settings import Settings
from .store import PieceStore
from .trainer import Clock, MaskedTrainer, last_checkpoint

# Held-out text that is scored each time, in word pieces.
HELD_OUT_PIECES = 100_000
# With a head that is new, this share of the run passes before the encoder changes.
HEAD_SHARE = 0.02
REPORT = "adaptation.json"
# Updates of a run that is measured in minutes.
UNLIMITED = 10**9


@dataclass
class Outcome:
    """How a run ended.

    Attributes:
        finished: Whether the encoder was saved; else the run was interrupted and can be resumed.
        report: What was read, the curve, and what it took; saved beside the encoder as ``adaptation.json``.
    """

    finished: bool
    report: dict[str, Any] = field(default_factory=dict)


def adapt(
    settings: Settings,
    *,
    watch: Watch = lambda texts, title: texts,
    say: Callable[[str], None] = lambda text: None,
    row: Callable[[dict[str, Any]], None] = lambda values: None,
) -> Outcome:
    """Pre-train an encoder further on text, or resume doing so, and save it in ``settings.output``.

    Everything that belongs to an unfinished run is in the folder ``work`` of the output.

    Args:
        settings: The run.
        watch: Called with texts and a title; returns the texts, showing progress.
        say: Called with messages.
        row: Called with the figures of each evaluation.

    Raises:
        BioreError: As ``prepare`` does; BR407 if the output belongs to another run; BR409 if something can't be
            written; BR410 if the loss is not a number.
    """
    identity = settings.identity()
    done = settings.output / REPORT
    if done.exists():
        report = json.loads(done.read_text(encoding="utf8"))
        check_same_run(settings.output, report["run"], identity)
        say(f"{settings.output} holds this run already")
        return Outcome(True, report)
    work = settings.output / "work"
    with _writing(settings.output):
        claim_folder(work, identity)
        set_seed(settings.seed)
        arguments = make_arguments(settings, work)
        # One of several processes prepares, the others wait and find it done.
        with arguments.main_process_first(local=False):
            prepared = prepare(settings, work, watch=watch)
        if arguments.process_index == 0:
            _say_prepared(prepared, say)
        trainer, curve = make_trainer(settings, work, prepared, arguments, row)
        checkpoint = last_checkpoint(work)
        if checkpoint:
            say(f"Resuming from {checkpoint.name}")
        with _stopping_at_ctrl_c(trainer.clock), warnings.catch_warnings():
            # transformers 4.53 calls autocast by its former name, and orders checkpoints by number where it must.
            warnings.filterwarnings("ignore", message=r"`torch\.cpu\.amp\.autocast", category=FutureWarning)
            warnings.filterwarnings("ignore", message="mtime may not be reliable")
            trainer.args.eval_on_start = checkpoint is None
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        if trainer.clock.interrupted:
            return Outcome(False)
        report = {
            "run": identity,
            "text": prepared,
            "curve": curve.points,
            "minutes": trainer.clock.elapsed / 60,
            "pieces": trainer.clock.pieces,
            "pieces_per_second": trainer.clock.pieces / max(trainer.clock.elapsed, 1e-9),
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
            "machine": {"system": platform.platform(), "cores": os.cpu_count(), "device": str(trainer.args.device)},
        }
        if trainer.is_world_process_zero():
            _save(trainer, work, settings.output, report)
    return Outcome(True, report)


def make_trainer(
    settings: Settings,
    work: Path,
    prepared: dict[str, Any],
    arguments: TrainingArguments,
    row: Callable[[dict[str, Any]], None],
) -> tuple[MaskedTrainer, Curve]:
    """Make the Trainer of a run, and what gathers its figures.

    Args:
        settings: The run.
        work: The folder of its files.
        prepared: What ``prepare`` returned.
        arguments: What ``make_arguments`` returned.
        row: Called with the figures of each evaluation.
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
    curve = Curve(clock, row)
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
    rows = settings.device_tokens // settings.max_length
    devices = int(os.environ.get("WORLD_SIZE", "1"))
    return TrainingArguments(
        output_dir=str(work),
        use_cpu=not on_gpu,
        bf16=has_bf16,
        fp16=on_gpu and not has_bf16,
        per_device_train_batch_size=rows,
        per_device_eval_batch_size=rows,
        gradient_accumulation_steps=max(1, settings.batch_tokens // (settings.device_tokens * devices)),
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
    )


def _save(trainer: MaskedTrainer, work: Path, output: Path, report: dict[str, Any]) -> None:
    """Put the encoder into the output, its report last, and remove what only the run needed."""
    final = work / "final"
    best = trainer.state.best_model_checkpoint
    model = AutoModelForMaskedLM.from_pretrained(best) if best else trainer.accelerator.unwrap_model(trainer.model)
    restore_dropout(model, work / START)
    model.save_pretrained(final)
    trainer.processing_class.save_pretrained(final)
    for path in final.iterdir():
        path.replace(output / path.name)
    partial = work / REPORT
    partial.write_text(json.dumps(report, indent=2) + "\n", encoding="utf8")
    partial.replace(output / REPORT)
    shutil.rmtree(work)


def _say_prepared(prepared: dict[str, Any], say: Callable[[str], None]) -> None:
    if prepared["new_head"]:
        say(
            "This encoder's checkpoint has no masked-LM head: one is made from its embeddings and learns alone in the "
            f"first {HEAD_SHARE:.0%} of the run"
        )
    if "vocabulary" in prepared:
        extension = prepared["vocabulary"]
        say(
            f"{extension['added']} words became pieces of their own: {extension['pieces_per_word_before']:.3f} pieces "
            f"a word before, {extension['pieces_per_word_after']:.3f} now"
        )
    for name, count in prepared["left_out"].items():
        say(f"{name}: {count:,}")
    for name in (TRAIN, HELD_OUT):
        counts = prepared[name]
        text = f"{counts['documents']:,} documents, {counts['words']:,} words, {counts['pieces']:,} pieces"
        say(f"{name.replace('_', '-')}: {text}")


@contextmanager
def _stopping_at_ctrl_c(clock: Clock) -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM end the run after its update, with a checkpoint; the second ends it at once."""

    def stop(number: int, frame: Any) -> None:
        clock.interrupted = True
        signal.signal(number, previous[signal.Signals(number)])

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _writing(output: Path) -> Iterator[None]:
    """Say what to do where a file can't be written."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise BioreError(Errors.BR409.format(path=output, problem=error)) from error
    except RuntimeError as error:
        # torch.save meets a full disk with an error of its own.
        if "inline_container" not in str(error) and "PytorchStreamWriter" not in str(error):
            raise
        raise BioreError(Errors.BR409.format(path=output, problem=error)) from error
