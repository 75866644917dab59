"""The grid of accuracy runs: corpus x encoder x adaptation x pooling x settings x seed, read from a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import srsly

from spacy_biore.errors import BioreError, Errors

MODEL = "components.relation_extractor.model"
AXES = ("corpus", "encoder", "adaptation", "pooling", "settings", "seed")
SECTIONS = ("corpora", "encoders", "poolings", "settings", "runs", "comparisons", "compared")
FILES = ("train", "dev", "test", "folds")
CORPUS_KEYS = ("title", "config", *FILES, "test_folds", "dev_share", "settings", "caveat")
KINDS = {dict: "a mapping", list: "a list", str: "a text", int: "a whole number", float: "a number"}


@dataclass(frozen=True)
class Run:
    """One run of the grid: a name on each of its axes."""

    corpus: str
    encoder: str
    adaptation: str
    pooling: str
    settings: str
    seed: int

    @property
    def row(self) -> str:
        """The model without corpus and seed."""
        return ".".join((self.encoder, self.adaptation, self.pooling, self.settings))

    @property
    def name(self) -> str:
        """Its name, which is that of its result file."""
        return f"{self.corpus}.{self.row}.s{self.seed}"


class Comparison(NamedTuple):
    """Two rows that are compared on every corpus, and what their difference is called.

    With ``settings``, rows are named without them, and compared on each corpus with those that it has there.
    """

    title: str
    before: str
    after: str
    settings: dict[str, str] | None = None

    def rows_of(self, corpus: str) -> tuple[str, str]:
        """Return the names of the rows that are compared on a corpus."""
        if self.settings is None:
            return self.before, self.after
        settings = self.settings.get(corpus, "")
        return f"{self.before}.{settings}", f"{self.after}.{settings}"


@dataclass(frozen=True)
class Grid:
    """A grid file.

    Attributes:
        path: The file.
        corpora: Of each corpus its config, its files, or its folder of folds (of which the first ``test_folds`` are
            tested on, or all), and settings of its own.
        encoders: Of each encoder and adaptation the folder, package or hub name; or one for each corpus.
        poolings: Settings of the model.
        settings: Other settings of the config.
        runs: In the order in which they are to be run.
        comparisons: What is tested for significance.
        compared: The corpora over which gains are averaged; all if the file does not say.
    """

    path: Path
    corpora: dict[str, dict[str, Any]]
    encoders: dict[str, dict[str, Any]]
    poolings: dict[str, dict[str, Any]]
    settings: dict[str, dict[str, Any]]
    runs: list[Run]
    comparisons: list[Comparison]
    compared: list[str]

    def encoder_of(self, run: Run) -> str:
        """Return the folder, package or hub name of a run's encoder."""
        place = self.encoders[run.encoder][run.adaptation]
        return place if isinstance(place, str) else place[run.corpus]

    def overrides_of(self, run: Run) -> dict[str, Any]:
        """Return the values of the config that a run sets; later ones win: corpus, pooling, settings."""
        return {
            **(self.corpora[run.corpus].get("settings") or {}),
            f"{MODEL}.encoder": self.encoder_of(run),
            **{f"{MODEL}.{key}": value for key, value in self.poolings[run.pooling].items()},
            **self.settings[run.settings],
            "training.seed": run.seed,
        }

    def choose(self, patterns: Sequence[str]) -> list[Run]:
        """Return the runs whose names fit one of the patterns (``*`` stands for anything), or all without patterns.

        Raises:
            BioreError: BR511 for a pattern that fits none.
        """
        for pattern in patterns:
            if not any(fnmatchcase(run.name, pattern) for run in self.runs):
                raise BioreError(Errors.BR511.format(pattern=pattern, path=self.path, example=self.runs[0].name))
        return [run for run in self.runs if not patterns or any(fnmatchcase(run.name, one) for one in patterns)]


def read_grid(path: Path) -> Grid:
    """Read a grid file.

    Raises:
        BioreError: BR510 if it is no such file.
    """
    try:
        data = srsly.read_yaml(path)
    except (OSError, ValueError) as error:
        raise BioreError(Errors.BR510.format(path=path, problem=error)) from error
    _check_keys(path, "the grid", data, SECTIONS, needed=("corpora", "encoders", "poolings", "runs"))
    for section in SECTIONS:
        kind = dict if section in SECTIONS[:4] else list
        _check_kind(path, section, data.get(section), kind, optional=section in SECTIONS[3:])
    if not data["runs"]:
        raise _problem(path, "it has no runs")
    for name, corpus in data["corpora"].items():
        _check_corpus(path, name, corpus)
    for name, places in data["encoders"].items():
        _check_kind(path, f"the encoder {name}", places, dict)
        for adaptation, place in places.items():
            for one in place.values() if isinstance(place, dict) else [place]:
                _check_kind(path, f"the encoder {name} with adaptation {adaptation}", one, str)
    for section in ("poolings", "settings"):
        for name, values in (data.get(section) or {}).items():
            _check_kind(path, f"{name} of {section}", values, dict, optional=True)
    for comparison in data.get("comparisons") or []:
        _check_keys(path, "a comparison", comparison, Comparison._fields, needed=("title", "before", "after"))
        _check_kind(path, "settings of a comparison", comparison.get("settings"), dict, optional=True)
    grid = Grid(
        path=path,
        corpora=data["corpora"],
        encoders=data["encoders"],
        poolings={name: pooling or {} for name, pooling in data["poolings"].items()},
        settings={"default": {}, **{name: values or {} for name, values in (data.get("settings") or {}).items()}},
        runs=[],
        comparisons=[Comparison(**one) for one in data.get("comparisons") or []],
        compared=data.get("compared") or list(data["corpora"]),
    )
    for name in grid.compared:
        _check_kind(path, "what is compared", name, str)
        if name not in grid.corpora:
            raise _problem(path, f"compared {name!r} is not one of {', '.join(grid.corpora)}")
    runs = dict.fromkeys(run for block in data["runs"] for run in _expand(grid, block))
    rows = {(run.corpus, run.row) for run in runs}
    for comparison in grid.comparisons:
        for corpus in comparison.settings or {None: None}:
            for row in comparison.rows_of(corpus or ""):
                if not any(row == one and corpus in (None, place) for place, one in rows):
                    problem = f"names {row!r}, which is the row of no run" + (f" on {corpus}" if corpus else "")
                    raise _problem(path, f"the comparison '{comparison.title}' {problem}")
    return Grid(**{**vars(grid), "runs": list(runs)})


def _expand(grid: Grid, block: Mapping[str, Any]) -> list[Run]:
    """Return all combinations of a block's names."""
    _check_keys(grid.path, "a block of runs", block, AXES, needed=tuple(axis for axis in AXES if axis != "settings"))
    given = {axis: block.get(axis, "default") for axis in AXES}
    values = {axis: value if isinstance(value, list) else [value] for axis, value in given.items()}
    for axis, names in values.items():
        for name in names:
            _check_kind(grid.path, f"{axis} of a block of runs", name, int if axis == "seed" else str)
    runs = [Run(*one) for one in product(*values.values())]
    for run in runs:
        known = {
            "corpus": grid.corpora,
            "encoder": grid.encoders,
            "adaptation": grid.encoders.get(run.encoder, ()),
            "pooling": grid.poolings,
            "settings": grid.settings,
        }
        for axis, options in known.items():
            if getattr(run, axis) not in options:
                raise _problem(grid.path, f"{axis} {getattr(run, axis)!r} is not one of {', '.join(options)}")
        if run.corpus not in (place := grid.encoders[run.encoder][run.adaptation]) and not isinstance(place, str):
            raise _problem(grid.path, f"no encoder {run.encoder} with adaptation {run.adaptation} for {run.corpus}")
    return runs


def _check_corpus(path: Path, name: str, corpus: Any) -> None:
    _check_keys(path, f"the corpus {name}", corpus, CORPUS_KEYS, needed=("config",))
    files = {key for key in FILES if key in corpus}
    for key in ("config", *files):
        _check_kind(path, f"{key} of the corpus {name}", corpus[key], str)
    if files != {"folds"} and files - {"dev"} != {"train", "test"}:
        raise _problem(path, f"the corpus {name} needs train, test and perhaps dev, or folds alone")
    optional = {"title": str, "caveat": str, "settings": dict, "test_folds": int, "dev_share": (float, int)}
    for key, kind in optional.items():
        _check_kind(path, f"{key} of the corpus {name}", corpus.get(key), kind, optional=True)
    if corpus.get("test_folds") is not None and ("folds" not in corpus or corpus["test_folds"] < 1):
        raise _problem(path, f"test_folds of the corpus {name} goes with folds, and is at least 1")


def _check_kind(path: Path, what: str, value: Any, kind: Any, *, optional: bool = False) -> None:
    if not isinstance(value, kind) and not (optional and value is None):
        raise _problem(path, f"{what} must be {KINDS[kind[0] if isinstance(kind, tuple) else kind]}")


def _check_keys(path: Path, what: str, data: Any, known: Sequence[str], *, needed: Sequence[str]) -> None:
    if not isinstance(data, dict):
        raise _problem(path, f"{what} must be a mapping")
    for key in [*data, *needed]:
        if key not in known or key not in data:
            raise _problem(path, f"{what} has {'an unknown' if key in data else 'no'} key '{key}'")


def _problem(path: Path, problem: str) -> BioreError:
    return BioreError(Errors.BR510.format(path=path, problem=problem))
