"""Runs of ``python -m spacy biore adapt`` on several devices, as far as one machine can show."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, TrainerControl, TrainerState, TrainingArguments

from spacy_biore.adaptation import run
from spacy_biore.adaptation.run import adapt, make_arguments
from spacy_biore.adaptation.settings import Settings
from spacy_biore.adaptation.trainer import Clock


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


def test_two_processes_report_once_and_count_the_pieces_of_both(settings, text, tmp_path):
    options = ["--steps", 2, "--evaluations", 1, "--max-length", 32, "--batch-tokens", 256, "--device-tokens", 128]
    adapt = ["-m", "spacy", "biore", "adapt", "-e", settings["encoder"], "-t", text, "-o", tmp_path / "o", *options]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [str(part) for part in (*launch, *adapt)]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("Saved the adapted encoder") == 1
    report = json.loads((tmp_path / "o" / "adaptation.json").read_text())
    # Two updates of two processes, each with four sequences, of which the last of the text is not full.
    assert 2 * 2 * 3 * 32 < report["pieces"] <= 2 * 2 * 4 * 32
    again = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert again.returncode == 0, again.stderr
    assert (
        " ".join(again.stdout.split()).count("holds this run already") == again.stdout.count("Held-out perplexity") == 1
    )


class Running:
    """A clock's surroundings, without a Trainer."""

    args = TrainingArguments("unused", use_cpu=True)
    model = BertForMaskedLM(BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, vocab_size=8))


def test_the_time_of_scoring_counts_but_not_as_learning(monkeypatch):
    now = 0.0
    monkeypatch.setattr("spacy_biore.adaptation.trainer.time.monotonic", lambda: now)
    clock = Clock(minutes=1.0, evaluations=2, patience=0, save_minutes=5.0, head_share=0.0)
    control, state = TrainerControl(), TrainerState()
    decide = partial(clock.on_step_end, Running.args, state, control, model=Running.model)
    clock.unread = 120
    now = 12.0
    decide()
    now = 30.0
    clock.on_evaluate(Running.args, state, control, metrics={"eval_loss": 1.0})
    now = 42.0
    decide()
    assert clock.share(0) == pytest.approx(0.7)
    assert clock.figures() == {"minutes": pytest.approx(0.7), "pieces": 120, "pieces_per_second": pytest.approx(5.0)}


def test_the_best_checkpoint_is_found_where_the_folder_is_now():
    clock = Clock(minutes=1.0, evaluations=2, patience=1, save_minutes=5.0, head_share=0.0)
    state = TrainerState(best_model_checkpoint="elsewhere/checkpoint-7")
    state.stateful_callbacks = {"Clock": {"args": {}, "attributes": {}}}
    clock.on_train_begin(Running.args, state, TrainerControl(), model=Running.model)
    assert Path(state.best_model_checkpoint) == Path(Running.args.output_dir) / "checkpoint-7"


def test_a_run_that_had_ended_stops_after_one_update_more():
    clock = Clock(minutes=1.0, evaluations=2, patience=1, save_minutes=5.0, head_share=0.0)
    control, state = TrainerControl(), TrainerState()
    state.stateful_callbacks = {"Clock": {"args": {}, "attributes": {"ended": True}}}
    clock.on_train_begin(Running.args, state, control, model=Running.model)
    clock.on_step_end(Running.args, state, control, model=Running.model)
    assert clock.ended and control.should_training_stop
