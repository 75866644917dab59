"""``python -m spacy biore convert``: from a corpus to .spacy files."""

import warnings
from collections.abc import Mapping
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from wasabi import msg

from ..errors import BioreError, Errors, Warnings
from ..formats import FORMATS, Counts, Found, to_doc
from ..formats.contradictions import describe
from ..formats.conversion import convert, target_in
from ..formats.masked import ALIASES
from ..formats.members import describe_broken
from ..formats.selection import Selection
from ..formats.sources import holds_splits
from ..formats.staging import Staging
from ..formats.to_docs import Tokenize
from ..loading import load_pipeline
from .common import messages, progress, to_json
from .counts_table import counts_tables
from .parsing import parse_map, parse_names, parse_pair, parse_shares

# Of the files that are left out for one reason; the report has all.
NAMES_SHOWN = 10
# The reading options of formats, as a user gives them.
OPTIONS = {
    "on_mismatch": "--on-mismatch",
    "pair": "--pair",
    "null_labels": "--null-label",
    "aliases": "--tag-alias",
}


class FormatName(str, Enum):
    """The names of ``FORMATS``; Typer needs choices as an Enum."""

    chemprot = "chemprot"
    ddi = "ddi"
    ppi = "ppi"
    pubtator = "pubtator"
    bioc = "bioc"
    brat = "brat"
    prodigy = "prodigy"
    masked = "masked"
    jsonl = "jsonl"


class Align(str, Enum):
    """The choices of ``--align``."""

    move = "move"
    cut = "cut"


class OnMismatch(str, Enum):
    """The choices of ``--on-mismatch``."""

    error = "error"
    drop = "drop"


def convert_cli(
    corpus_format: Annotated[
        FormatName,
        typer.Argument(metavar="FORMAT", help=f"Format of the corpus: {', '.join(FORMATS)}; others come as jsonl"),
    ],
    input_path: Annotated[
        Path, typer.Argument(metavar="INPUT", help="File; or folder or .zip archive of one or several splits")
    ],
    output_path: Annotated[
        Path,
        typer.Argument(metavar="OUTPUT", help=".spacy file for a file; folder for several splits or with --split"),
    ],
    lang: Annotated[str, typer.Option("--lang", "-l", help="Language whose blank pipeline tokenises")] = "en",
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Tokenise as this pipeline does (name or path)")
    ] = None,
    align: Annotated[
        Align | None,
        typer.Option(
            "--align",
            help="Where a mention ends inside a token, move it or cut the token (default: cut for ddi, ppi, masked)",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="Divide one file into train, dev and test by article, e.g. 0.8,0.1,0.1"),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", help="Seed of the division")] = 0,
    labels: Annotated[
        str | None,
        typer.Option("--labels", help="Keep only relations of these labels, e.g. CPR:3,CPR:4 (after --map-labels)"),
    ] = None,
    map_types: Annotated[
        str | None, typer.Option("--map-types", help="Rename entity types, e.g. Chemical=CHEMICAL,Disease=DISEASE")
    ] = None,
    types: Annotated[
        str | None, typer.Option("--types", help="Keep only mentions of these types, e.g. GENE (after --map-types)")
    ] = None,
    map_labels: Annotated[
        str | None, typer.Option("--map-labels", help="Rename relation labels, e.g. 1=INTERACTS")
    ] = None,
    on_mismatch: Annotated[
        OnMismatch | None,
        typer.Option(
            "--on-mismatch",
            help="All but prodigy, masked, jsonl: a mention's text is not what its offsets give (default: error)",
        ),
    ] = None,
    pair: Annotated[
        str | None, typer.Option("--pair", help="masked: entity types of head and tail, e.g. CHEMICAL,GENE")
    ] = None,
    null_labels: Annotated[
        str | None,
        typer.Option("--null-label", help="masked: labels that mean no relation (default: false,0,ddi-false)"),
    ] = None,
    tag_aliases: Annotated[
        str | None, typer.Option("--tag-alias", help="masked: what a tag stands for, e.g. PROT12=PROTEIN-PROTEIN")
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", "-r", help="Save the counts as JSON here")] = None,
) -> None:
    """Convert a corpus with relations to spaCy's binary training format.

    Prints what was read, moved, dropped and written. After an error nothing is written. Documents that are broken in
    an archive are named and left out, and the exit code is 1.
    """
    with messages("Nothing was converted"):
        format_name = corpus_format.value
        options = _options(
            format_name,
            on_mismatch=on_mismatch and on_mismatch.value,
            pair=parse_pair("--pair", pair),
            null_labels=parse_names("--null-label", null_labels),
            aliases=parse_map("--tag-alias", tag_aliases),
        )
        selection = Selection(
            parse_map("--map-types", map_types),
            parse_map("--map-labels", map_labels),
            parse_names("--labels", labels),
            parse_names("--types", types),
        )
        shares = parse_shares("--split", split)
        found = FORMATS[format_name].find(input_path)
        if shares and len(found.sources) > 1:
            raise BioreError(Errors.BR146.format(path=input_path, number=len(found.sources)))
        target = target_in(output_path, is_file=not (holds_splits(input_path) or shares))
        make_doc = partial(
            to_doc,
            tokenize=_tokenizer(lang, model),
            align=align.value if align else FORMATS[format_name].align,
        )
        with Staging() as staging:
            counts = convert(
                FORMATS[format_name],
                found.sources,
                options=options,
                selection=selection,
                make_doc=make_doc,
                target=target,
                staging=staging,
                shares=shares,
                seed=seed,
                watch=progress,
            )
            if report:
                text = to_json(_report(format_name, input_path, found, counts)) + "\n"
                staging.write(report, partial(Path.write_text, data=text, encoding="utf-8"))
        _print(found, counts)
        _warn_of_others(output_path, {target(name) for name in counts})
        msg.good(f"{len(counts)} file(s) written: {', '.join(str(target(name)) for name in counts)}")
    if found.broken:
        msg.fail(f"{len(found.broken)} file(s) broken and left out", describe_broken(found.broken), exits=1)


def _options(format_name: str, **values: Any) -> dict[str, Any]:
    """Return the reading options that were given, if all of them belong to the format."""
    given = {name: value for name, value in values.items() if value is not None}
    for name in given.keys() - FORMATS[format_name].options:
        raise BioreError(Errors.BR148.format(option=OPTIONS[name], format=format_name))
    if "aliases" in given:
        given["aliases"] = {**ALIASES, **given["aliases"]}
    return given


def _tokenizer(lang: str, model: str | None) -> Tokenize:
    if model:
        return load_pipeline(model).tokenizer
    try:
        return spacy.blank(lang).tokenizer
    except (OSError, ImportError) as error:
        raise BioreError(Errors.BR139.format(name=lang, problem=error)) from error


def _report(format_name: str, input_path: Path, found: Found, counts: Mapping[str, Counts]) -> dict[str, Any]:
    return {
        "format": format_name,
        "input": str(input_path),
        "skipped": {str(path): reason for path, reason in found.skipped.items()},
        "broken": found.broken,
        "splits": {name: split.as_dict() for name, split in counts.items()},
    }


def _warn_of_others(folder: Path, written: set[Path]) -> None:
    """Warn of corpora of an earlier conversion: their documents may be among those of this one."""
    # Folds are in folders of their own. Without any, what is in folders below is other corpora.
    has_folds = any(path.parent != folder for path in written)
    found = folder.rglob("*.spacy") if has_folds else folder.glob("*.spacy")
    if others := sorted(str(path.relative_to(folder)) for path in {*found} - written):
        warnings.warn(Warnings.BRW25.format(path=folder, others=", ".join(others)), stacklevel=2)


def _print(found: Found, counts: Mapping[str, Counts]) -> None:
    for reason in sorted(set(found.skipped.values())):
        paths = [path.name for path, why in found.skipped.items() if why == reason]
        rest = [f"and {len(paths) - NAMES_SHOWN} more"] if len(paths) > NAMES_SHOWN else []
        msg.info(f"{len(paths)} file(s) left out: {reason}", ", ".join([*paths[:NAMES_SHOWN], *rest]))
    contradictions = [one for split in counts.values() for one in split.contradictions]
    if contradictions:
        msg.warn(f"{len(contradictions)} mention(s) contradict the text and are left out", describe(contradictions))
    for table in counts_tables(counts, with_total=all(source.is_fold for source in found.sources)):
        print(table)
