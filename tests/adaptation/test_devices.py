"""Runs of ``python -m spacy biore adapt`` on several devices, as far as one machine can show."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import pytest
import torch
from transformers import TrainingArguments

from spacy_biore.adaptation import run
from spacy_biore.adaptation.run import adapt, make_arguments
from spacy_biore.adaptation.settings import Settings


@pytest.mark.parametrize(
    ("devices", "batch_tokens", "device_tokens", "rows", "batches"),
    [(1, 256, 128, 4, 2), (4, 256, 128, 2, 1), (16, 256, 128, 1, 1), (1, 256, 160, 4, 2), (2, 1024, 128, 4, 4)],
)
def test_an_update_reads_no_more_on_several_devices(
    settings, tmp_path, monkeypatch, devices, batch_tokens, device_tokens, rows, batches
):
    monkeypatch.setattr(TrainingArguments, "_setup_devices", torch.device("cpu"))
    monkeypatch.setenv("WORLD_SIZE", str(devices))
    given = Settings(**{**settings, "batch_tokens": batch_tokens, "device_tokens": device_tokens})
    arguments = make_arguments(given, tmp_path)
    assert (arguments.per_device_train_batch_size, arguments.gradient_accumulation_steps) == (rows, batches)


def test_the_size_of_an_update_is_said(settings):
    said: list[str] = []
    adapt(Settings(**{**settings, "steps": 2}), say=said.append)
    assert "An update reads up to 256 word pieces: 2 x 4 sequences of 32 on each of 1 device(s)" in said


def test_without_a_launcher_one_of_several_gpus_is_used(settings, tmp_path, monkeypatch):
    class OfTwoGpus(TrainingArguments):
        @cached_property
        def _setup_devices(self) -> torch.device:
            self._n_gpu = 2
            return torch.device("cuda:0")

    monkeypatch.setattr("spacy_biore.adaptation.run.TrainingArguments", OfTwoGpus)
    assert make_arguments(Settings(**settings), tmp_path).n_gpu == 1


def test_the_other_processes_wait_long_and_leave_the_folder_alone(settings, monkeypatch):
    seen: list[str] = []

    @contextmanager
    def first(self: TrainingArguments, local: bool) -> Iterator[None]:
        seen.append("waits")
        yield
        seen.append("goes on")

    monkeypatch.setattr(TrainingArguments, "main_process_first", first)
    for name in ("claim_folder", "last_checkpoint"):
        original = getattr(run, name)
        monkeypatch.setattr(run, name, lambda *args, f=original: (seen.append(f.__name__), f(*args))[1])
    adapt(Settings(**{**settings, "steps": 2}))
    assert seen == ["waits", "claim_folder", "last_checkpoint", "goes on"]
    assert make_arguments(Settings(**settings), settings["output"]).ddp_timeout > 24 * 3600
