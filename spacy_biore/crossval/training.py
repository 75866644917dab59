"""One training run of a config, by spaCy's own loop, and what its model scores on a test corpus."""

import json
import shutil
import time
import warnings
from pathlib import Path
from typing import IO, Any, NamedTuple

import spacy
from spacy.language import Language
from spacy.training.initialize import init_nlp
from thinc.api import Config

from ..errors import BioreError, Errors, Warnings
from ..evaluation import Evaluation, evaluate, get_extractors
from ..readers import read_docs
from ..relations import get_records
from ..scorer import RelationTally
from ..threshold_search import best_trial, set_threshold, try_thresholds
from ..training.identity import identify_training
from ..training.loop import STATE, train

LOG = "log.jsonl"


class Files(NamedTuple):
    """The corpora of a run: ``.spacy`` files or folders of them."""

    train: Path
    dev: Path | None
    test: Path


def train_and_score(
    config: Config, files: Files, work: Path, *, gpu_id: int = -1, stdout: IO[str] | None = None
) -> dict[str, Any]:
    """Train on one corpus and score on another, given gold entities.

    The model with the highest score on the development corpus is taken; the last one if there is no such corpus. A
    training that was interrupted goes on from its last state, which is in ``work``.

    Args:
        config: A config of ``spacy train``, not interpolated. Its logger is replaced by spaCy's console logger.
        files: The corpora.
        work: A folder for models, log and state. It is emptied unless it has a state.
        gpu_id: A GPU that is in use already, or -1.
        stdout: Where the training loop writes its table; None for nowhere.

    Returns:
        JSON data: ``documents`` of each corpus, ``model`` (best or last), ``steps`` (the last that was evaluated),
        ``seconds``, the ``curve`` of the development corpus, scores on ``dev`` and ``test``, of ``articles`` the counts
        of right, spurious and missed relations; and in ``tuned`` the thresholds that are best on the development corpus
        and what they score. ``dev`` and ``tuned`` are None without gold relations there.

    Raises:
        BioreError: BR301 if there is no relation extractor; BR501 if the config has no place for the corpora; BR507 if
            training ends before any but the first update was evaluated; BR509 if nothing would end it; BR514 for a
            state that can't be read; and whatever training raises.
    """
    if not (work / STATE).exists():
        shutil.rmtree(work, ignore_errors=True)
    (work / LOG).unlink(missing_ok=True)
    config = with_corpora(config, files.train, files.dev)
    config["training"]["logger"] = {"@loggers": "spacy.ConsoleLogger.v3", "output_file": str(work / LOG)}
    nlp = init_nlp(config, use_gpu=gpu_id)
    get_extractors(nlp)
    documents, has_gold = _survey(files, nlp)
    settings = nlp.config.interpolate()["training"]
    frequency = settings["eval_frequency"]
    if has_gold["dev"] and 0 < settings["max_steps"] < frequency:
        raise BioreError(Errors.BR507.format(end=f"training.max_steps {settings['max_steps']}", frequency=frequency))
    if not has_gold["dev"]:
        # All scores are equal then, and the first update would count as the best.
        if settings["max_steps"] <= 0 and settings["max_epochs"] <= 0:
            raise BioreError(Errors.BR509)
        nlp.config["training"]["patience"] = 0
    seconds = train(nlp, work, gpu_id=gpu_id, stdout=stdout, identity=identify_training(nlp.config, work))
    trained = time.perf_counter()
    model = "best" if has_gold["dev"] else "last"
    if documents["dev"] and not has_gold["dev"]:
        warnings.warn(Warnings.BRW53, stacklevel=2)
    log = [json.loads(line) for line in (work / LOG).read_text(encoding="utf8").splitlines()]
    if has_gold["dev"] and not any(entry["step"] for entry in log):
        raise BioreError(Errors.BR507.format(end="training.max_epochs or training.patience", frequency=frequency))
    result = {
        "documents": documents,
        "model": model,
        "steps": log[-1]["step"] if log else 0,
        "curve": [_point(entry) for entry in log] if has_gold["dev"] else [],
        **_score(spacy.load(work / f"model-{model}"), files if has_gold["dev"] else files._replace(dev=None)),
    }
    result["seconds"] = {"train": round(seconds, 1), "score": round(time.perf_counter() - trained, 1)}
    return result


def with_corpora(config: Config, train: Path | None, dev: Path | None) -> Config:
    """Return a config with these paths in its corpus readers.

    Raises:
        BioreError: BR501 if it has no place for them.
    """
    config = config.copy()
    names = [config.get("training", {}).get(f"{part}_corpus", f"corpora.{part}") for part in ("train", "dev")]
    if names[0] == names[1]:
        raise BioreError(Errors.BR501.format(problem=f"{names[0]} is both its training and its development corpus"))
    for name, path in zip(names, (train, dev), strict=True):
        block: Any = config
        for key in name.split("."):
            block = block.get(key, {})
        if "path" not in block:
            raise BioreError(Errors.BR501.format(problem=f"it has no path in [{name}]"))
        block["path"] = None if path is None else str(path)
    return config


def _survey(files: Files, nlp: Language) -> tuple[dict[str, int], dict[str, bool]]:
    """Return the number of docs of each corpus, and whether it has gold relations."""
    documents, has_gold = {}, {}
    for name, path in files._asdict().items():
        relations = [len(get_records(doc)) for doc in read_docs(path, nlp)] if path else []
        documents[name], has_gold[name] = len(relations), any(relations)
    return documents, has_gold


def _point(entry: dict[str, Any]) -> dict[str, Any]:
    # The log has percentages of what score_weights names.
    f = entry["scores"].get("rel_micro_f")
    return {
        "step": entry["step"],
        "loss": round(sum(entry["losses"].values()), 4),
        "f": None if f is None else round(f / 100, 5),
    }


def _score(nlp: Language, files: Files) -> dict[str, Any]:
    # Labels that the fold's model does not know are no error here, as rare ones need not be in every training part:
    # their relations count as missed.
    test = evaluate(nlp, read_docs(files.test, nlp))
    scores: dict[str, Any] = {"dev": None, "test": test.to_dict(), "articles": _articles(test), "tuned": None}
    if files.dev is not None:
        scores["dev"] = evaluate(nlp, read_docs(files.dev, nlp)).tally.scores()
        thresholds, dev = _tune(nlp, files.dev)
        tuned = evaluate(nlp, read_docs(files.test, nlp))
        scores["tuned"] = {
            "thresholds": thresholds,
            "dev": dev.scores(),
            "test": tuned.to_dict(),
            "articles": _articles(tuned),
        }
    return scores


def _tune(nlp: Language, dev: Path) -> tuple[dict[str, float | None], RelationTally]:
    """Give each extractor the threshold that is best on a corpus; return the thresholds and what they find there."""
    thresholds, found = {}, RelationTally()
    for name, extractor in get_extractors(nlp).items():
        best = best_trial(try_thresholds(nlp, extractor, read_docs(dev, nlp)))
        set_threshold(nlp, name, best)
        thresholds[name] = best.threshold
        found.per_type.update(best.tally.per_type)
    return thresholds, found


def _articles(result: Evaluation) -> dict[str, str]:
    """Return the counts of each article, short enough to be kept: ``right spurious missed``."""
    return {name: f"{score.tp} {score.fp} {score.fn}" for name, score in sorted(result.articles.items())}
