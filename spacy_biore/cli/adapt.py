"""``python -m spacy biore adapt``: continued masked-LM pre-training of an encoder on the text of a sub-domain."""

import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tqdm import tqdm  # type: ignore[import-untyped]
from wasabi import msg

from ..errors import BioreError, Errors
from .common import messages, progress
from .parsing import parse_names

if TYPE_CHECKING:
    from ..adaptation.run import Outcome

INTERRUPTED = 130  # what a shell gives a command that Ctrl-C ended


class MaskingName(str, Enum):
    """The choices of ``--masking``."""

    whole_word = "whole-word"
    piece = "piece"


class FillName(str, Enum):
    """The choices of ``--fill``."""

    packed = "packed"
    sentences = "sentences"


class UnitName(str, Enum):
    """The choices of ``--unit``."""

    document = "document"
    sentence = "sentence"


def adapt_cli(
    encoder: Annotated[str, typer.Option("--encoder", "-e", help="Encoder to start from: folder, package or hub name")],
    text: Annotated[
        list[Path],
        typer.Option(
            "--text", "-t", help="Text: .txt, .jsonl, .pubtator, PubMed .xml, .spacy (also .gz, .xz), or a folder"
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the adapted encoder")],
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Length of the run in updates")] = None,
    epochs: Annotated[float | None, typer.Option("--epochs", help="Length of the run in passes over the text")] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="Length of the run in minutes, scoring held-out text included")
    ] = None,
    require: Annotated[
        str | None,
        typer.Option("--require", help="Learn only from text that mentions all of these types: CHEMICAL,GENE"),
    ] = None,
    recogniser: Annotated[
        str | None, typer.Option("--recogniser", help="Pipeline that finds the types of --require")
    ] = None,
    terms: Annotated[
        Path | None, typer.Option("--terms", help="Terms that stand for the types of --require: TYPE<tab>term a line")
    ] = None,
    unit: Annotated[UnitName, typer.Option("--unit", help="What --require chooses")] = UnitName.document,
    exclude_ids: Annotated[
        Path | None,
        typer.Option(
            "--exclude-ids", help="Documents never to learn from: a test set, such as test.spacy, or ids, one a line"
        ),
    ] = None,
    drop_excluded: Annotated[
        bool, typer.Option("--drop-excluded", help="Leave excluded documents out instead of refusing to start")
    ] = False,
    masking: Annotated[MaskingName, typer.Option("--masking", help="What is masked")] = MaskingName.whole_word,
    mask_share: Annotated[float, typer.Option("--mask-share", help="Share of the words or pieces to predict")] = 0.15,
    max_length: Annotated[int, typer.Option("--max-length", help="Word pieces a sequence")] = 128,
    fill: Annotated[
        FillName, typer.Option("--fill", help="Cut text where a sequence is full, or between sentences")
    ] = FillName.packed,
    batch_tokens: Annotated[int, typer.Option("--batch-tokens", help="Word pieces an update")] = 8192,
    device_tokens: Annotated[int, typer.Option("--device-tokens", help="Word pieces in memory at once")] = 4096,
    learn_rate: Annotated[float, typer.Option("--learn-rate", help="Highest learning rate")] = 1e-4,
    dropout: Annotated[float, typer.Option("--dropout", help="Dropout inside the encoder")] = 0.0,
    vocabulary: Annotated[
        int, typer.Option("--vocabulary", help="Words of the text that become word pieces of their own")
    ] = 0,
    held_out: Annotated[float, typer.Option("--held-out", help="Share of the documents kept for measuring")] = 0.01,
    evaluations: Annotated[int, typer.Option("--evaluations", help="How often held-out text is scored")] = 10,
    patience: Annotated[
        int, typer.Option("--patience", help="Stop after so many scores without improvement; 0: never")
    ] = 0,
    save_minutes: Annotated[float, typer.Option("--save-minutes", help="Minutes between checkpoints")] = 5.0,
    seed: Annotated[int, typer.Option("--seed", "-s", help="Seed of masks, order and new weights")] = 0,
) -> None:
    """Adapt an encoder to a sub-domain by continued masked-LM pre-training.

    Uses every GPU that it is launched on (accelerate launch -m spacy biore adapt ...), else the CPU. The output is a
    folder that any config takes as its encoder. The same command again resumes a run that was interrupted.
    """
    with messages("Nothing was adapted"), _ProgressBar() as bar:
        outcome = _run(
            advance=bar.advance,
            encoder=encoder,
            text=tuple(text),
            output=output,
            steps=steps,
            epochs=epochs,
            minutes=minutes,
            masking=masking.value,
            mask_share=mask_share,
            max_length=max_length,
            fill=fill.value,
            batch_tokens=batch_tokens,
            device_tokens=device_tokens,
            learn_rate=learn_rate,
            dropout=dropout,
            vocabulary=vocabulary,
            held_out=held_out,
            evaluations=evaluations,
            patience=patience,
            save_minutes=save_minutes,
            seed=seed,
            selection={
                "require": parse_names("--require", require) or (),
                "recogniser": recogniser,
                "terms": terms,
                "unit": unit.value,
                "exclude_ids": exclude_ids,
                "drop_excluded": drop_excluded,
            },
        )
    if not outcome.finished:
        msg.warn(f"Interrupted. The same command resumes the run in {output}")
        raise typer.Exit(INTERRUPTED)
    report = outcome.report
    if not report:
        return
    first, saved = report["curve"][0], report["saved"]
    when = "at the end" if saved == report["curve"][-1] else f"after update {saved['step']}, which is saved"
    msg.good(
        f"Saved the adapted encoder to {output}",
        f"Held-out perplexity {first['perplexity']:.2f} at the start, {saved['perplexity']:.2f} {when}; "
        f"{report['pieces']:,} word pieces in {report['minutes']:.1f} minutes, "
        f"{report['pieces_per_second']:,.0f} a second",
    )


def _run(*, advance: Callable[[float], None], selection: dict[str, Any], **settings: Any) -> "Outcome":
    # torch and transformers are imported here, so that the other commands start fast.
    from transformers.utils import is_accelerate_available

    if not is_accelerate_available():
        raise BioreError(Errors.BR411)
    from ..adaptation.run import adapt
    from ..adaptation.settings import Selection, Settings

    chosen = Settings(**settings, selection=Selection(**selection))
    return adapt(chosen, watch=progress, say=msg.info, row=_Table(), advance=advance)


class _ProgressBar:
    """Shows on a terminal how far a run is, from its first update on."""

    def __init__(self) -> None:
        self.bar: Any = None

    def __enter__(self) -> "_ProgressBar":
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def advance(self, share: float) -> None:
        """Show that so much of the run is done."""
        if self.bar is None:
            layout = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
            self.bar = tqdm(total=1.0, initial=share, bar_format=layout, disable=None, leave=False)
        self.bar.update(share - self.bar.n)


class _Table:
    """Prints a line for each evaluation, under a heading, as ``spacy train`` does."""

    def __init__(self) -> None:
        self.has_heading = False

    def __call__(self, point: dict[str, Any]) -> None:
        """Print one line."""
        if not self.has_heading:
            columns = ("minutes", 8), ("pieces", 12), ("pieces/s", 9), ("loss", 7), ("held-out", 9), ("perplexity", 11)
            tqdm.write(" ".join([f"{'update':>8}", *(f"{name:>{width}}" for name, width in columns)]))
            self.has_heading = True
        loss = f"{point['loss']:.3f}" if point["loss"] is not None else "-"
        tqdm.write(
            f"{point['step']:>8} {point['minutes']:>8.1f} {point['pieces']:>12,} {point['pieces_per_second']:>9,.0f} "
            f"{loss:>7} {point['held_out_loss']:>9.3f} {point['perplexity']:>11.2f}"
        )
        sys.stdout.flush()
