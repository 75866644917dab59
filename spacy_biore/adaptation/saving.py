"""Which state of a run is saved, and how."""

import shutil
from pathlib import Path
from typing import Any

from transformers import AutoModelForMaskedLM

from ..run_folder import write_json
from .masked_lm import restore_dropout, save_with_pooler
from .prepare import START
from .trainer import MaskedTrainer

REPORT = "adaptation.json"


def saved_point(points: list[dict[str, Any]], *, patience: int) -> dict[str, Any]:
    """Return the point of the curve whose state is saved: with patience the best, which may be the start."""
    return min(points, key=lambda point: point["held_out_loss"]) if patience else points[-1]


def save(trainer: MaskedTrainer, work: Path, output: Path, report: dict[str, Any]) -> None:
    """Put the encoder into the output, its report last, and remove what only the run needed.

    Args:
        trainer: Holds the last state.
        work: The folder of the run, with the other states.
        output: Where the encoder is to be.
        report: Its ``saved`` says which state is saved.
    """
    final = work / "final"
    step = report["saved"]["step"]
    if step == report["curve"][-1]["step"]:
        model = trainer.accelerator.unwrap_model(trainer.model)
    else:
        model = AutoModelForMaskedLM.from_pretrained(work / (f"checkpoint-{step}" if step else START))
    restore_dropout(model, work / START)
    save_with_pooler(model, final, pooler_of=work / START)
    trainer.processing_class.save_pretrained(final)
    for path in final.iterdir():
        path.replace(output / path.name)
    write_json(output / REPORT, report)
    shutil.rmtree(work)
