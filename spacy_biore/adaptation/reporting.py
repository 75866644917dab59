"""What an adaptation run says of itself."""

from collections.abc import Callable
from typing import Any

from transformers import TrainingArguments

from .prepare import HELD_OUT, TRAIN
from .settings import Settings
from .trainer import HEAD_SHARE


def say_update(settings: Settings, arguments: TrainingArguments, say: Callable[[str], None]) -> None:
    """Say how much an update reads, on one device or on several."""
    rows, batches = arguments.per_device_train_batch_size, arguments.gradient_accumulation_steps
    pieces = rows * batches * arguments.world_size * settings.max_length
    text = f"{batches} x {rows} sequences of {settings.max_length} on each of {arguments.world_size} device(s)"
    say(f"An update reads up to {pieces:,} word pieces: {text}")


def say_saved(report: dict[str, Any], say: Callable[[str], None]) -> None:
    """Say which state is saved, if it is not the last."""
    step = report["saved"]["step"]
    if not step:
        say("Held-out text was never predicted better than at the start: the start is saved")
    elif step != report["curve"][-1]["step"]:
        say(f"The best state is saved, that after update {step}")


def say_prepared(prepared: dict[str, Any], say: Callable[[str], None]) -> None:
    """Say what was read, chosen and left out."""
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
