"""What an adaptation run is told."""

import json
import math
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import BioreError, Errors
from ..model.encoders import find_encoder
from ..run_folder import digest_path
from .masking import Masking
from .selection import Unit
from .texts import text_files

Fill = Literal["packed", "sentences"]
LENGTH = "one of steps, epochs or minutes, above 0"
# Called with items and a title; returns the items, showing progress.
Watch = Callable[[Iterable[Any], str], Iterable[Any]]


@dataclass(frozen=True)
class Selection:
    """Which text is learned from.

    Attributes:
        require: Entity types that a document or sentence must mention, all of them.
        recogniser: Pipeline that finds them.
        terms: Or a list of terms that does, ``TYPE<tab>term`` a line.
        unit: What is chosen: documents or sentences.
        exclude_ids: File with documents that must not be read, or with their ids.
        drop_excluded: Leave excluded documents out, counted, instead of refusing to start.
        min_words: Least number of words of a document.
    """

    require: tuple[str, ...] = ()
    recogniser: str | None = None
    terms: Path | None = None
    unit: Unit = "document"
    exclude_ids: Path | None = None
    drop_excluded: bool = False
    min_words: int = 5


@dataclass(frozen=True)
class Settings:
    """A run of ``adapt``.

    Attributes:
        encoder: Folder, installed package or hub name of the encoder to start from.
        text: Files or folders of text.
        output: Folder for the adapted encoder.
        steps: Length of the run in updates,
        epochs: or in passes over the text,
        minutes: or in minutes, those of evaluations and checkpoints too. One of the three.
        selection: Which text is learned from.
        masking: What is masked: whole words or single pieces.
        mask_share: Share of the words or pieces that is predicted.
        max_length: Word pieces a sequence.
        fill: ``packed``: text is cut wherever a sequence is full; ``sentences``: between sentences.
        batch_tokens: Word pieces an update.
        device_tokens: Word pieces that are in memory at once.
        learn_rate: Highest rate.
        warmup: Share of the run in which the rate rises.
        dropout: Dropout inside the encoder.
        vocabulary: Number of words of the text that become pieces of their own.
        held_out: Share of the documents that is kept for measuring.
        evaluations: How often held-out text is scored, evenly spread.
        patience: Stop after so many scores without improvement, and keep the best; 0 for never.
        save_minutes: Minutes between checkpoints.
        seed: Seed of masks, order and new weights.
    """

    encoder: str
    text: tuple[Path, ...]
    output: Path
    steps: int | None = None
    epochs: float | None = None
    minutes: float | None = None
    selection: Selection = Selection()
    masking: Masking = "whole-word"
    mask_share: float = 0.15
    max_length: int = 128
    fill: Fill = "packed"
    batch_tokens: int = 8192
    device_tokens: int = 4096
    learn_rate: float = 1e-4
    warmup: float = 0.06
    dropout: float = 0.0
    vocabulary: int = 0
    held_out: float = 0.01
    evaluations: int = 10
    patience: int = 0
    save_minutes: float = 5.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            BioreError: BR405 for one that is out of range, or for two that do not go together.
        """
        lengths = [value for value in (self.steps, self.epochs, self.minutes) if value is not None]
        chosen = self.selection
        choosing = [value for value in (chosen.recogniser, chosen.terms) if value is not None]
        output = self.output.resolve()
        holds_output = any(output.is_relative_to(path.resolve()) for path in self.text)
        for is_right, setting, expected in (
            (len(lengths) == 1 and 0 < lengths[0] < math.inf, "the length of the run", LENGTH),
            (0 < self.mask_share < 1, "mask_share", "between 0 and 1"),
            (0 < self.held_out < 1, "held_out", "between 0 and 1"),
            (0 <= self.warmup < 1, "warmup", "from 0 to below 1"),
            (0 <= self.dropout < 1, "dropout", "from 0 to below 1"),
            (0 < self.learn_rate < math.inf, "learn_rate", "above 0"),
            (self.max_length >= 16, "max_length", "at least 16"),
            (self.device_tokens >= self.max_length, "device_tokens", "at least max_length"),
            (self.batch_tokens >= self.device_tokens, "batch_tokens", "at least device_tokens"),
            (self.vocabulary >= 0, "vocabulary", "at least 0"),
            (self.evaluations >= 1, "evaluations", "at least 1"),
            (self.patience >= 0, "patience", "at least 0"),
            (self.save_minutes >= 0, "save_minutes", "at least 0"),
            (0 <= self.seed < 2**32, "seed", f"from 0 to {2**32 - 1}"),
            (len(choosing) == bool(chosen.require), "require", "given with --recogniser or --terms, and these with it"),
            (chosen.unit == "document" or chosen.require, "unit", "given together with require"),
            (chosen.exclude_ids or not chosen.drop_excluded, "drop_excluded", "given together with exclude_ids"),
            (output != Path(self.encoder).resolve(), "output", "another folder than that of the encoder"),
            (not holds_output, "output", "outside of the text's folder"),
        ):
            if not is_right:
                raise BioreError(Errors.BR405.format(setting=setting, expected=expected))

    def identity(self, watch: Watch) -> dict[str, Any]:
        """Return what makes this run this run, as JSON data: everything but where it writes and how often it saves.

        Of files and folders their names and their content count, not where they lie: a run goes on with what it read.

        Args:
            watch: Shows progress over the files of text.
        """
        data = asdict(self)
        data |= data.pop("selection")
        for name in ("output", "save_minutes"):
            del data[name]
        files = list(text_files(self.text))
        data["text"] = [{"file": file.name, "sha256": digest_path(file)} for file in watch(files, "files")]
        for name in ("encoder", "recogniser", "terms", "exclude_ids"):
            given = data[name] and str(data[name])
            source = Path(find_encoder(given) if name == "encoder" else given) if given else None
            if source and source.exists():
                data[name] = os.path.basename(os.path.abspath(given))
                data[f"content of {name}"] = digest_path(source)
        return json.loads(json.dumps(data, default=str))
