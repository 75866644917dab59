"""How probable a relation must be: the settings of a component as one number a label."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import BioreError, Errors


def as_thresholds(pairs: Iterable[Sequence[Any]]) -> dict[str, float]:
    """Return the thresholds of single labels that a config holds.

    Args:
        pairs: Pairs of label and threshold.

    Raises:
        BioreError: BR007 for an entry that is not such a pair, or whose label stood there before.
    """
    thresholds: dict[str, float] = {}
    for entry in pairs:
        match entry:
            case [str(label), threshold] if label not in thresholds and _is_number(threshold):
                thresholds[label] = float(threshold)
            case _:
                raise BioreError(Errors.BR007.format(entry=entry))
    return thresholds


def threshold_array(
    labels: Sequence[str],
    threshold: float | None,
    label_thresholds: Mapping[str, float] | Iterable[Sequence[Any]],
    *,
    name: str,
) -> NDArray[np.float32]:
    """Return the threshold of every label (labels,); NaN where none is set.

    Args:
        labels: The labels of the component.
        threshold: Threshold of all labels, or None.
        label_thresholds: Thresholds of single labels, in place of ``threshold``: a mapping, or pairs as in a config.
        name: Name of the component.

    Raises:
        BioreError: BR002 for a threshold of an unknown label; BR005 for one that is not from 0 to 1.
    """
    if not isinstance(label_thresholds, Mapping):
        label_thresholds = as_thresholds(label_thresholds)
    unknown = label_thresholds.keys() - set(labels)
    if unknown and labels:
        raise BioreError(Errors.BR002.format(label=min(unknown), name=name, labels=", ".join(labels)))
    settings = dict.fromkeys(labels, threshold) | dict(label_thresholds)
    for label, value in [(name, threshold), *settings.items()]:
        if value is not None and not (_is_number(value) and 0.0 <= value <= 1.0):
            raise BioreError(Errors.BR005.format(label=label, value=value))
    return np.asarray([_or_nan(settings[label]) for label in labels], dtype=np.float32)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
