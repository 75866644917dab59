"""Runs of ``python -m spacy biore adapt`` that were interrupted, killed or wrong at first, and what they leave."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spacy_biore.adaptation.masking import MaskingCollator
from spacy_biore.adaptation.run import Outcome, adapt
from spacy_biore.adaptation.settings import Selection, Settings
from spacy_biore.adaptation.trainer import Clock, last_checkpoint
from spacy_biore.errors import BioreError
from spacy_biore.run_folder import sole_use


def interrupt_and_resume(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch, *, step: int, say: Callable[[str], None] = print
) -> Outcome:
    """Interrupt a run after an update, and give the same command again."""
    decide = Clock.on_step_end

    def interrupt(self: Clock, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.interrupted = state.global_step == step
        decide(self, args, state, control, **kwargs)

    monkeypatch.setattr(Clock, "on_step_end", interrupt)
    assert not adapt(Settings(**settings)).finished
    assert not (settings["output"] / "adaptation.json").exists()
    monkeypatch.setattr(Clock, "on_step_end", decide)
    return adapt(Settings(**settings), say=say)


def test_an_interrupted_run_goes_on_and_ends_like_one_that_was_not(settings, tmp_path, monkeypatch):
    whole = adapt(Settings(**{**settings, "output": tmp_path / "whole"}))
    said: list[str] = []
    resumed = interrupt_and_resume(settings, monkeypatch, step=17, say=said.append)
    assert "Resuming from checkpoint-17" in said
    assert [point["step"] for point in resumed.report["curve"]] == [0, 10, 20, 30]
    for a, b in zip(whole.report["curve"], resumed.report["curve"], strict=True):
        assert a["held_out_loss"] == pytest.approx(b["held_out_loss"], abs=1e-6)
        assert a["pieces"] == b["pieces"]


def test_passes_are_numbered_alike_in_an_interrupted_run(settings, monkeypatch, tmp_path):
    """A block a batch, so that passes have the same batches and differ by their number alone."""
    passes: list[int] = []
    make = MaskingCollator.__call__

    def watch(self: MaskingCollator, items: Any) -> Any:
        passes.append(items[0]["pass"])
        return make(self, items)

    monkeypatch.setattr(MaskingCollator, "__call__", watch)
    path = tmp_path / "few.jsonl"
    lines = [{"id": str(i), "text": "the gene inhibits a protein of the disease"} for i in range(10)]
    path.write_text("\n".join(map(json.dumps, lines)))
    sizes = {"max_length": 64, "batch_tokens": 64, "device_tokens": 64, "steps": 40, "evaluations": 1}
    settings = {**settings, "text": (path,), **sizes}
    whole = adapt(Settings(**{**settings, "output": tmp_path / "whole"}))
    uninterrupted = set(passes)
    assert len(uninterrupted) > 10
    passes.clear()
    resumed = interrupt_and_resume(settings, monkeypatch, step=21)
    assert set(passes) == uninterrupted
    for a, b in zip(whole.report["curve"], resumed.report["curve"], strict=True):
        assert a["held_out_loss"] == pytest.approx(b["held_out_loss"], abs=1e-6)


def test_a_checkpoint_cut_off_while_it_was_written_is_not_used(settings):
    class Killed(BaseException):
        pass

    def die(point: dict[str, Any]) -> None:
        if point["step"] == 20:
            raise Killed

    with pytest.raises(Killed):
        adapt(Settings(**settings, save_minutes=0.0), row=die)
    work = settings["output"] / "work"
    newest = max(work.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    (newest / "trainer_state.json").unlink()
    said: list[str] = []
    assert adapt(Settings(**settings, save_minutes=0.0), say=said.append).finished
    step = int(newest.name.rpartition("-")[2])
    assert f"Resuming from checkpoint-{step - 1}" in said


def test_a_checkpoint_whose_state_is_cut_short_is_not_used(tmp_path):
    for step, state in ((9, '{"global_step": 9}'), (10, '{"global_step": 10, "log_'), (11, "")):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(state)
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-9"
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-9"]


def test_a_run_killed_while_it_reports_its_text_prepares_again(settings, monkeypatch):
    class Killed(BaseException):
        pass

    write = Path.write_text

    def write_half(path: Path, data: str, *args: Any, **kwargs: Any) -> int:
        if "prepared.json" not in path.name:
            return write(path, data, *args, **kwargs)
        write(path, data[: len(data) // 2])
        raise Killed

    monkeypatch.setattr(Path, "write_text", write_half)
    with pytest.raises(Killed):
        adapt(Settings(**{**settings, "steps": 2}))
    monkeypatch.undo()
    assert adapt(Settings(**{**settings, "steps": 2})).finished


def test_a_full_disk_is_reported(settings, monkeypatch):
    def full(self: Any, *args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    def full_for_a_tokenizer(self: Any, *args: Any, **kwargs: Any) -> None:
        raise Exception("No space left on device (os error 28)")

    for method, failing in (
        ("spacy_biore.adaptation.trainer.MaskedTrainer.save_model", full),
        ("transformers.PreTrainedTokenizerFast.save_pretrained", full_for_a_tokenizer),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(method, failing)
            with pytest.raises(BioreError, match=r"BR409.*No space left"):
                adapt(Settings(**settings, save_minutes=0.0))
    assert adapt(Settings(**settings, save_minutes=0.0)).finished


@pytest.mark.parametrize("mistake", ["max_length", "require", "exclude_ids"])
def test_a_corrected_command_starts_anew_where_nothing_was_prepared(settings, tmp_path, mistake):
    (tmp_path / "terms.tsv").write_text("GENE\tgene\n")
    (tmp_path / "ids.txt").write_text("7\n")
    code, wrong = {
        "max_length": ("BR202", {"max_length": 129, "device_tokens": 256}),
        "require": ("BR413", {"selection": Selection(require=("DRUG",), terms=tmp_path / "terms.tsv")}),
        "exclude_ids": ("BR404", {"selection": Selection(exclude_ids=tmp_path / "ids.txt")}),
    }[mistake]
    with pytest.raises(ValueError, match=code):
        adapt(Settings(**{**settings, "steps": 2, **wrong}))
    assert adapt(Settings(**{**settings, "steps": 2})).finished


def test_ctrl_c_while_the_last_score_is_taken_loses_nothing(settings):
    def interrupt(point: dict[str, Any]) -> None:
        if point["step"] == 30:
            signal.raise_signal(signal.SIGINT)

    outcome = adapt(Settings(**settings), row=interrupt)
    assert outcome.finished
    assert [point["step"] for point in outcome.report["curve"]] == [0, 10, 20, 30]


def test_a_run_killed_while_it_saves_has_its_last_state(settings, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*args: Any) -> None:
        raise Killed

    monkeypatch.setattr("spacy_biore.adaptation.run.save", die)
    with pytest.raises(Killed):
        adapt(Settings(**settings))
    monkeypatch.undo()
    said: list[str] = []
    outcome = adapt(Settings(**settings), say=said.append)
    assert "Resuming from checkpoint-30" in said
    assert [point["step"] for point in outcome.report["curve"]] == [0, 10, 20, 30]


def test_a_run_killed_between_its_encoder_and_its_report_saves_again(settings, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*args: Any) -> None:
        raise Killed

    monkeypatch.setattr("spacy_biore.adaptation.saving.write_json", die)
    with pytest.raises(Killed):
        adapt(Settings(**settings))
    monkeypatch.undo()
    assert (settings["output"] / "config.json").exists()
    outcome = adapt(Settings(**settings))
    assert [point["step"] for point in outcome.report["curve"]] == [0, 10, 20, 30]
    assert not (settings["output"] / "work").exists()


@pytest.mark.parametrize("changed", ["exclude_ids", "terms", "text", "encoder"])
def test_what_is_in_a_file_makes_a_run_another(settings, tmp_path, changed):
    (tmp_path / "terms").write_text("GENE\tgene\n")
    (tmp_path / "exclude_ids").write_text("998\n")
    shutil.copytree(settings["encoder"], tmp_path / "encoder")
    shutil.copytree(settings["text"][0].parent, tmp_path / "text")
    chosen = Selection(require=("GENE",), terms=tmp_path / "terms", exclude_ids=tmp_path / "exclude_ids")
    given = {"encoder": str(tmp_path / "encoder"), "text": (tmp_path / "text",), "selection": chosen, "steps": 2}
    assert adapt(Settings(**{**settings, **given})).finished
    assert adapt(Settings(**{**settings, **given})).finished
    path, old, new = {
        "exclude_ids": (tmp_path / "exclude_ids", "998", "7"),
        "terms": (tmp_path / "terms", "gene", "protein"),
        "text": (tmp_path / "text" / "text.jsonl", "inhibits", "inhabits"),
        "encoder": (tmp_path / "encoder" / "config.json", '"layer_norm_eps": 1e-12', '"layer_norm_eps": 1e-10'),
    }[changed]
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))
    with pytest.raises(BioreError, match=rf"BR407.*{changed}"):
        adapt(Settings(**{**settings, **given}))


def test_a_stray_file_beside_the_text_does_not_matter(settings, tmp_path):
    folder = Path(shutil.copytree(settings["text"][0].parent, tmp_path / "text"))
    given = Settings(**{**settings, "text": (folder,), "steps": 2})
    first = adapt(given)
    (folder / "notes.log").write_text("read on Monday")
    assert adapt(given).report == first.report


def test_a_report_that_can_not_be_read(settings):
    settings["output"].mkdir()
    (settings["output"] / "adaptation.json").write_text('{"run": ')
    with pytest.raises(BioreError, match=r"BR416.*adaptation\.json"):
        adapt(Settings(**settings))


def test_a_finished_run_is_not_repeated(settings):
    first = adapt(Settings(**settings))
    said: list[str] = []
    assert adapt(Settings(**settings), say=said.append).report == first.report
    assert "holds this run already" in said[0]


def test_a_folder_of_another_run_is_refused(biore, settings, tiny_encoder, text):
    adapt(Settings(**settings))
    result = biore("adapt", "-e", tiny_encoder, "-t", text, "-o", settings["output"], "--steps", 7)
    assert result.failed("BR407", "steps")


def test_files_may_be_named_otherwise_when_the_run_goes_on(settings, monkeypatch):
    settings["steps"] = 2
    first = adapt(Settings(**settings))
    monkeypatch.chdir(settings["text"][0].parent)
    named_otherwise = {"text": (Path("text.jsonl"),), "encoder": settings["encoder"] + "/"}
    assert adapt(Settings(**{**settings, **named_otherwise})).report == first.report


def test_the_option_that_differs_is_named(settings, tmp_path):
    (tmp_path / "ids.txt").write_text("998\n")
    for drop_excluded in (True, False):
        settings["selection"] = Selection(exclude_ids=tmp_path / "ids.txt", drop_excluded=drop_excluded)
        if drop_excluded:
            adapt(Settings(**{**settings, "steps": 2}))
    with pytest.raises(BioreError, match=r"BR407.*differs in: drop_excluded\."):
        adapt(Settings(**{**settings, "steps": 2}))


def test_a_folder_work_of_the_user_is_not_touched(settings):
    thesis = settings["output"] / "work" / "thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("precious")
    with pytest.raises(BioreError, match=r"BR420.*thesis\.txt"):
        adapt(Settings(**settings))
    assert thesis.read_text() == "precious"


def test_two_runs_at_once_in_one_folder(settings):
    with sole_use(settings["output"]), pytest.raises(BioreError, match="BR419"):
        adapt(Settings(**settings))


def test_a_run_killed_while_it_removes_what_was_prepared_starts_anew(settings, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*args: Any, **kwargs: Any) -> None:
        raise Killed

    settings["steps"] = 2
    for target in ("spacy_biore.adaptation.prepare.save_with_pooler", "shutil.rmtree"):
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(target, die)
            adapt(Settings(**settings))
    assert adapt(Settings(**settings)).finished
