"""The result files of accuracy runs, and what is read off them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from spacy_biore.crossval.results import SCORES
from spacy_biore.errors import BioreError, Errors

Record = dict[str, Any]
# Right, spurious and missed relations.
Counts = tuple[int, int, int]
# In the identity of a run, the digest of an encoder that is a folder.
ENCODER = "encoder.contents"


class Scores(NamedTuple):
    """Precision, recall and F as percentages; on folds their means."""

    p: float
    r: float
    f: float


def read_records(folder: Path) -> dict[str, Record]:
    """Return all results in a folder by the names of their runs.

    Raises:
        BioreError: BR513 for a file that is none.
    """
    return {path.stem: read_record(path) for path in sorted(folder.glob("*.json"))}


def read_record(path: Path) -> Record:
    """Return a result.

    Raises:
        BioreError: BR513 if the file is no such.
    """
    try:
        record = json.loads(path.read_text(encoding="utf8"))
    except (OSError, ValueError) as error:
        raise BioreError(Errors.BR513.format(path=path, problem=error)) from error
    if not isinstance(record, dict):
        raise BioreError(Errors.BR513.format(path=path, problem="it must hold a JSON object"))
    return record


def scores_on_test(record: Record, *, tuned: bool = False) -> Scores | None:
    """Return the scores on the test corpus, or at the threshold that is best on the development corpus."""
    if "summary" in record:
        summary = record["summary"]["tuned"] if tuned else record["summary"]
        return summary and _scores([summary["mean"][name] for name in SCORES])
    return _micro(record["tuned"] and record["tuned"]["test"]) if tuned else _micro(record["test"])


def scores_on_dev(record: Record) -> Scores | None:
    """Return the scores on the development corpus, if it is one."""
    return _micro(record.get("dev"))


def article_counts(records: Iterable[Record]) -> dict[str, Counts]:
    """Return the counts of each test article that has any, summed over results and over their folds."""
    total: dict[str, Counts] = {}
    for record in records:
        for part in record.get("folds", {"": record}).values():
            for name, line in part["articles"].items():
                right, spurious, missed = map(int, line.split())
                old = total.get(name, (0, 0, 0))
                total[name] = (old[0] + right, old[1] + spurious, old[2] + missed)
    return total


def unscored(record: Record) -> list[str]:
    """Return the folds without a gold relation in their test part, which are in none of the means; or ``test``."""
    folds = record.get("folds", {"test": record})
    return [name for name, one in folds.items() if one["test"]["rel_micro_f"] is None]


def learned(record: Record) -> bool:
    """Say whether a run, each fold of it, was ever better on the development corpus than before its first update."""
    curves = [one.get("curve", []) for one in record.get("folds", {"": record}).values()]
    scores = [[point["f"] or 0.0 for point in curve] for curve in curves if curve]
    return all(max(of_one) > of_one[0] for of_one in scores)


def count_encoders(records: Iterable[Record]) -> int:
    """Return how many different encoders results come from, as far as they say so."""
    return len({record["identity"].get(ENCODER) for record in records})


def seconds(record: Record) -> float:
    """Return how long a run took."""
    return sum(sum(one["seconds"].values()) for one in record.get("folds", {"": record}).values())


def occasion(record: Record) -> str:
    """Describe the machine and the versions of a result."""
    machine, versions = record["machine"], record["versions"]
    devices = ", ".join([f"{machine['cores']} cores of {machine['cpu']}", *machine["gpus"]])
    return f"{devices}; " + ", ".join(f"{name} {number}" for name, number in versions.items())


def _micro(scores: dict[str, Any] | None) -> Scores | None:
    return scores and _scores([scores[f"rel_micro_{name}"] for name in SCORES])


def _scores(values: list[float | None]) -> Scores | None:
    return None if None in values else Scores(*(100 * value for value in values if value is not None))
