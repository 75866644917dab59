"""``python -m spacy biore assemble``: a recogniser and a relation model as one pipeline."""

import json
import warnings
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from spacy.language import Language
from spacy.util import is_package
from wasabi import msg

from ..assembly.assemble import Assembly, assemble
from ..assembly.type_mapper import TypeMap
from ..assembly.type_maps import READY_MAPS
from ..component import RelationExtractor
from ..errors import BioreError, Errors
from ..loading import load_pipeline
from .common import check_output, messages, save_pipeline
from .evaluation_tables import make_table
from .parsing import parse_map

# The release whose labels the ready maps have.
URL = "https://s3-us-west-2.amazonaws.com/ai2-s2-scispacy/releases/v0.5.4/{name}-0.5.4.tar.gz"


class KnowledgeBase(str, Enum):
    """The knowledge bases of scispaCy's entity linker."""

    umls = "umls"
    mesh = "mesh"
    rxnorm = "rxnorm"
    go = "go"
    hpo = "hpo"


def assemble_cli(
    ner: Annotated[str, typer.Option("--ner", metavar="PIPELINE", help="Recogniser: name or path of a pipeline")],
    relations: Annotated[
        str, typer.Option("--relations", metavar="MODEL", help="Name or path of a pipeline with trained relations")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Save the pipeline here")],
    map_types: Annotated[
        str | None, typer.Option("--map-types", help="Rename entities, e.g. SIMPLE_CHEMICAL=CHEMICAL,GGP=GENE")
    ] = None,
    types_path: Annotated[
        Path | None,
        typer.Option("--types", metavar="FILE", help="The same as a JSON object; null in place of a type drops them"),
    ] = None,
    scheme: Annotated[
        str | None,
        typer.Option(
            "--scheme", help=f"Ready type map, one of {', '.join(READY_MAPS)} (default: chosen by the labels)"
        ),
    ] = None,
    abbreviations: Annotated[
        bool,
        typer.Option("--abbreviations/--no-abbreviations", help="Find the long forms of abbreviations (scispaCy)"),
    ] = True,
    scispacy_tokenizer: Annotated[
        bool, typer.Option("--scispacy-tokenizer", help="Replace the recogniser's tokenizer by scispaCy's")
    ] = False,
    linker: Annotated[
        KnowledgeBase | None,
        typer.Option("--linker", help="Link entities to a knowledge base (scispaCy; a large download)"),
    ] = None,
    half_precision: Annotated[
        bool,
        typer.Option("--half-precision", help="Save the weights of transformers as float16: files of half the size"),
    ] = False,
) -> None:
    """Put a recogniser and a trained relation model into one pipeline, from text to relations.

    Of the relation model only its relation extractors are taken. Nothing is written unless the two fit together.
    """
    with messages("Nothing was assembled"):
        # Of a regular expression in scispaCy's tokenizer; nobody here can do anything about it.
        warnings.filterwarnings("ignore", message="Possible set union", category=FutureWarning)
        given = {**_read_types(types_path), **(parse_map("--map-types", map_types) or {})}
        recogniser, model = _load_recogniser(ner), load_pipeline(relations)
        check_output(output, [recogniser, model])
        result = assemble(
            recogniser,
            model,
            types=given,
            scheme=scheme,
            scispacy_tokenizer=scispacy_tokenizer,
            abbreviations=abbreviations,
            linker=linker.value if linker else None,
        )
        _print(result, ner, relations)
        if half_precision:
            _save_half(result.nlp, output)
        else:
            save_pipeline(result.nlp, output)
        msg.good(f"Saved the pipeline to {output}")


def _save_half(nlp: Language, path: Path) -> None:
    from ..assembly.half_precision import half_precision_weights  # imports torch

    with half_precision_weights(nlp):
        save_pipeline(nlp, path)


def _load_recogniser(name: str) -> Language:
    if name in READY_MAPS and not is_package(name) and not Path(name).exists():
        raise BioreError(Errors.BR601.format(name=name, url=URL.format(name=name)))
    return load_pipeline(name)


def _read_types(path: Path | None) -> TypeMap:
    if path is None:
        return {}
    try:
        types = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BioreError(Errors.BR603.format(where=path, problem=error)) from error
    if not isinstance(types, dict) or not all(new is None or (new and isinstance(new, str)) for new in types.values()):
        raise BioreError(Errors.BR603.format(where=path, problem="it is not a JSON object of labels and types"))
    return types


def _print(result: Assembly, ner: str, relations: str) -> None:
    nlp = result.nlp
    origins = {
        name: relations if isinstance(nlp.get_pipe(name), RelationExtractor) else origin
        for name, origin in result.added.items()
    }
    rows = [(name, nlp.get_pipe_meta(name).factory, origins.get(name, ner)) for name in nlp.pipe_names]
    print(f"\nComponents\n\n{make_table(['', 'factory', 'from'], rows)}\n")
    if changes := [(label, new or "dropped") for label, new in result.types.items() if label != new]:
        print(f"Entity types\n\n{make_table(['label', 'type'], changes)}\n")
