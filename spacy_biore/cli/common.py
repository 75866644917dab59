"""What several commands do: report errors, load and save a pipeline, read a corpus."""

import contextlib
import json
import shutil
import warnings
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from spacy.cli._util import setup_gpu
from spacy.language import Language
from spacy.tokens import Doc
from tqdm import tqdm  # type: ignore[import-untyped]
from wasabi import msg

from ..errors import BioreError, Errors
from ..readers import read_docs

T = TypeVar("T")


@contextlib.contextmanager
def messages(failure: str, *, unmentioned: Sequence[str] = ()) -> Iterator[None]:
    """Print our warnings as messages, as they come; a coded error of ours or spaCy's too, and exit with code 1.

    Args:
        failure: Title of the message of an error.
        unmentioned: Codes of warnings that are not printed, because the command's own output says more.
    """
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(message: Warning | str, *details: Any, **more: Any) -> None:
            if str(message).startswith("[BRW"):
                msg.warn(str(message))
            else:
                others(message, *details, **more)

        warnings.showwarning = show
        warnings.filterwarnings("always", message=r"\[BRW")
        for code in unmentioned:
            warnings.filterwarnings("ignore", message=rf"\[{code}\]")
        try:
            yield
        except (ValueError, OSError) as error:
            if not str(error).startswith(("[BR", "[E")):
                raise
            msg.fail(failure, str(error), exits=1)


def use_gpu(gpu_id: int) -> None:
    """Use a GPU, or the CPU for -1.

    Raises:
        BioreError: BR307 if there is no such GPU.
    """
    try:
        setup_gpu(gpu_id)
    except ValueError as error:
        raise BioreError(Errors.BR307.format(gpu_id=gpu_id, problem=error)) from error


def read_corpus(path: Path, nlp: Language) -> Iterator[Doc]:
    """Yield the docs of a ``.spacy`` file or of a folder of them.

    Raises:
        BioreError: BR031 if there is none; BR305 for a file that is not such.
    """
    try:
        yield from read_docs(path, nlp)
    except BioreError:
        raise
    except (OSError, ValueError, KeyError, TypeError, zlib.error) as error:
        raise BioreError(Errors.BR305.format(path=path, problem=str(error).rstrip("."))) from error


def progress(items: Iterable[T], title: str = "documents", *, total: int | None = None) -> "tqdm[T]":
    """Show progress on a terminal, as spaCy's own commands do, and nowhere else."""
    return tqdm(items, desc=title, total=total, unit="", disable=None, leave=False)


def check_output(output: Path, pipelines: Sequence[Language]) -> None:
    """Make sure that a pipeline can be saved in a folder without harm to what is there.

    Raises:
        BioreError: BR306 for a file; BR610 if one of these pipelines came from it; BR611 if it holds something else
            than a pipeline.
    """
    if output.exists() and not output.is_dir():
        raise BioreError(Errors.BR306.format(path=output, problem="it is a file, and a folder is needed"))
    if output.resolve() in [nlp.path.resolve() for nlp in pipelines if nlp.path]:
        raise BioreError(Errors.BR610.format(path=output))
    if output.is_dir() and any(output.iterdir()) and not (output / "meta.json").exists():
        raise BioreError(Errors.BR611.format(path=output))


def save_pipeline(nlp: Language, path: Path) -> None:
    """Save a pipeline in place of the one that the folder may hold, and make the folders above it.

    Raises:
        BioreError: BR306 if it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_others(path, nlp.component_names)
        nlp.to_disk(path)
    except OSError as error:
        raise BioreError(Errors.BR306.format(path=path, problem=error)) from error


def _remove_others(path: Path, names: Collection[str]) -> None:
    """Remove the components of an earlier pipeline that a new one lacks: they would be packaged with it."""
    meta = path / "meta.json"
    if not meta.exists():
        return
    with contextlib.suppress(ValueError, AttributeError, TypeError):
        earlier = json.loads(meta.read_text(encoding="utf-8")).get("components", [])
        for name in set(earlier).difference(names):
            if (path / name).resolve().parent == path.resolve():
                shutil.rmtree(path / name, ignore_errors=True)
                # Some of spaCy's components write a file of their name, such as the sentencizer.
                (path / f"{name}.json").unlink(missing_ok=True)


def to_json(report: Any) -> str:
    """Return data as readable JSON."""
    return json.dumps(report, indent=2, ensure_ascii=False)
