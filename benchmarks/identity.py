"""What makes a result that of a run: its config, its corpora and its encoder."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy.util import load_config
from thinc.api import Config

from spacy_biore.crossval.identity import identify
from spacy_biore.errors import BioreError, Errors
from spacy_biore.run_folder import digest_path

from .grid import FILES, Grid, Run
from .records import ENCODER, Record

# What `adapt` leaves beside the weights of an encoder.
REPORT = "adaptation.json"
# What a corpus in folds can be told beside its config.
FOLD_SETTINGS = ("test_folds", "dev_share")


def config_of(grid: Grid, run: Run) -> Config:
    """Return the config of a run, with the values that the grid sets; not interpolated.

    Raises:
        BioreError: BR510 if it can't be loaded.
    """
    path = grid.corpora[run.corpus]["config"]
    try:
        return load_config(path, overrides=grid.overrides_of(run), interpolate=False)
    except (OSError, ValueError) as error:
        problem = f"the config {path} of {run.name} can't be loaded: {error}"
        raise BioreError(Errors.BR510.format(path=grid.path, problem=problem)) from error


def identify_run(grid: Grid, run: Run) -> dict[str, Any]:
    """Return the settings of a run, the digests of its corpora, what each is for, and an encoder folder's digest.

    Raises:
        BioreError: BR510 for the config, and what ``identify`` raises.
    """
    corpus = grid.corpora[run.corpus]
    corpora = [Path(corpus[key]) for key in FILES if key in corpus]
    roles = {f"role.{key}": Path(corpus[key]).name for key in FILES if key in corpus}
    return {**identify_settings(grid, run, corpora), **roles, **_identify_encoder(Path(grid.encoder_of(run)))}


def identify_settings(grid: Grid, run: Run, corpora: Sequence[Path] = ()) -> dict[str, Any]:
    """Return the settings of a run, for which no encoder need be there, and the digests of some corpora.

    Raises:
        BioreError: BR510 for the config, and what ``identify`` raises.
    """
    chosen = {key: value for key, value in grid.corpora[run.corpus].items() if key in FOLD_SETTINGS}
    return identify(config_of(grid, run), corpora, **vars(run), **chosen)


def differences(record: Record, identity: dict[str, Any], *, needed: Collection[str]) -> list[str]:
    """Return the keys in which a result is not that of a run.

    Settings that came into being later make it no other.

    Args:
        record: The result.
        identity: What identifies the run.
        needed: Keys that both must have, with all keys below them.
    """
    found = record.get("identity", {})
    below = {key for key in found.keys() | identity.keys() if any(f"{key}.".startswith(f"{one}.") for one in needed)}
    compared = (found.keys() & identity.keys()) | below
    return sorted(key for key in compared if key not in found or key not in identity or found[key] != identity[key])


def needed_settings(grid: Grid, run: Run) -> set[str]:
    """Return the keys of the values that the grid sets in the config of a run."""
    return {*FOLD_SETTINGS, *(f"config.{key}" for key in grid.overrides_of(run))}


def is_adapted(encoder: Path) -> bool:
    """Say whether an encoder is a folder that ``adapt`` wrote."""
    return (encoder / REPORT).exists()


def check_finished(path: Path, record: Record, grid: Grid, run: Run, identity: dict[str, Any]) -> None:
    """Make sure that a result is that of a run; without a digest nobody knows which adapted encoder it was.

    Raises:
        BioreError: BR407 if it is that of another.
    """
    # The digest of each corpus file stands below "corpus".
    needed = needed_settings(grid, run) | {"corpus"}
    if is_adapted(Path(grid.encoder_of(run))):
        needed.add(ENCODER)
    if different := differences(record, identity, needed=needed):
        raise BioreError(Errors.BR407.format(folder=path, different=", ".join(different)))


def sort_results(grid: Grid, records: Mapping[str, Record]) -> tuple[dict[str, Record], dict[str, str]]:
    """Return the results of a grid's runs, and why others are none of them. Only settings are compared.

    Args:
        grid: The grid.
        records: Results by their names.

    Raises:
        BioreError: BR510 for a config, and what ``identify`` raises.
    """
    runs = {run.name: run for run in grid.runs}
    left_out = {name: "no run of the grid" for name in records if name not in runs}
    for name in records.keys() & runs.keys():
        run = runs[name]
        different = differences(records[name], identify_settings(grid, run), needed=needed_settings(grid, run))
        if different:
            left_out[name] = f"another run, which differs in: {', '.join(different)}"
    return {name: record for name, record in records.items() if name not in left_out}, left_out


def _identify_encoder(encoder: Path) -> dict[str, str]:
    """Return the digest of an encoder that is a folder: what is in it can change under one name."""
    return {ENCODER: digest_path(encoder)} if encoder.is_dir() else {}
