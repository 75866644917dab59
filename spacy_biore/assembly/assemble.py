"""Put a recogniser and a trained relation extractor into one pipeline."""

import itertools
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

from spacy.language import Language

from ..component import RelationExtractor
from ..errors import Warnings
from ..evaluation import get_extractors, joint_schema
from ..matmul import NUMPY_MATMUL, use_numpy_matmul
from ..recognition.component import PartialRecogniser
from .checks import (
    check_extractors,
    check_likeness,
    check_map,
    check_renamed,
    check_schema,
    find_labels,
    full_name,
    sets_sentences,
)
from .scispacy_parts import ABBREVIATIONS, LINKER, REQUIREMENT, make_tokenizer, quieten, use_tokenizer
from .type_mapper import TypeMap
from .type_maps import choose_types

TYPE_MAPPER = "entity_type_mapper"


class Assembly(NamedTuple):
    """What was put together.

    Attributes:
        nlp: The pipeline.
        types: What became of each label of the recogniser that a map covers; None: its entities are dropped.
        added: The names of the components that follow those of the recogniser, and where each comes from.
    """

    nlp: Language
    types: TypeMap
    added: dict[str, str]


class Fit(NamedTuple):
    """How two pipelines fit: what becomes of labels, which span groups count, whether there are sentences."""

    types: TypeMap
    spans_keys: list[str]
    has_sentences: bool


def assemble(
    recogniser: Language,
    relations: Language,
    *,
    types: Mapping[str, str | None] | None = None,
    scheme: str | None = None,
    scispacy_tokenizer: bool = False,
    abbreviations: bool = True,
    linker: str | None = None,
) -> Assembly:
    """Add the relation extractors of a trained pipeline, and what lies between, to a recogniser.

    The recogniser itself becomes the new pipeline. After an error it is not to be used any more.

    Args:
        recogniser: A pipeline that finds entities.
        relations: A pipeline with trained relation extractors; nothing else is taken from it.
        types: Entity types in place of the recogniser's labels; None drops its entities.
        scheme: Name of a ready type map for what ``types`` says nothing of; None to choose it by the labels.
        scispacy_tokenizer: Replace the recogniser's tokenizer by scispaCy's.
        abbreviations: Add scispaCy's abbreviation detector.
        linker: Add scispaCy's entity linker with this knowledge base.

    Raises:
        BioreError: BR204 and BR301 without a trained relation extractor; BR600 without a recogniser; BR602 to BR604,
            BR607 to BR609 and BR615 if things do not fit together; BR605 and BR606 if scispaCy or its knowledge base is
            missing.
    """
    extractors = get_extractors(relations)
    fit = _check_fit(recogniser, extractors, given=types or {}, scheme=scheme)
    tokenizer = make_tokenizer(recogniser) if scispacy_tokenizer else recogniser.tokenizer
    check_likeness(recogniser, relations, extractors, tokenizer=tokenizer)
    meta = _joint_meta(recogniser, relations)
    added: dict[str, str] = {}
    if scispacy_tokenizer:
        use_tokenizer(recogniser)
    quieten(recogniser.tokenizer)
    if not fit.has_sentences:
        warnings.warn(Warnings.BRW63.format(name=full_name(recogniser)), stacklevel=2)
        added[_add(recogniser, "sentencizer")] = "spaCy"
    if pairs := [[label, new] for label, new in fit.types.items() if label != new]:
        added[_add(recogniser, TYPE_MAPPER, types=pairs, spans_keys=fit.spans_keys)] = "spacy-biore"
    if abbreviations and (detector := _add_abbreviations(recogniser)):
        added[detector] = "scispaCy"
    if linker:
        added[_add(recogniser, LINKER, linker_name=linker)] = "scispaCy"
    for name in extractors:
        added[_add_from(recogniser, name, relations)] = full_name(relations)
    if "scispaCy" in added.values():
        meta["requirements"].append(REQUIREMENT)
    recogniser.meta = meta
    _multiply_fast(recogniser)
    return Assembly(recogniser, fit.types, added)


def _check_fit(
    recogniser: Language,
    extractors: dict[str, RelationExtractor],
    *,
    given: Mapping[str, str | None],
    scheme: str | None,
) -> Fit:
    present = {name: pipe for name, pipe in recogniser.pipeline if isinstance(pipe, RelationExtractor)}
    schema = joint_schema(extractors.values())
    read = {_spans_key(extractor) for extractor in extractors.values()}
    written = {pipe.cfg["spans_key"] for _, pipe in recogniser.pipeline if isinstance(pipe, PartialRecogniser)}
    spans_keys = sorted({key for key in read | written if key})
    labels = find_labels(recogniser, spans_keys=spans_keys)
    check_extractors([*present.items(), *extractors.items()])
    check_map(given, labels)
    types = choose_types(labels, schema.entity_types, given=given, scheme=scheme)
    taken = joint_schema(present.values()).entity_types if present else ()
    check_renamed(types, taken, extractors=present)
    if labels is not None:
        check_schema(schema, labels, types, name=full_name(recogniser), taken=taken)
    return Fit(types, spans_keys, sets_sentences(recogniser))


def _spans_key(extractor: RelationExtractor) -> str | None:
    """Return the span group that an extractor reads; a generator of another package is not asked."""
    return getattr(extractor.generate, "keywords", {}).get("spans_key")


def _multiply_fast(nlp: Language) -> None:
    """Let the recogniser's networks be fast on a CPU, also when the pipeline is loaded again."""
    settings = nlp.config["nlp"]
    if not settings["after_pipeline_creation"]:
        settings["after_pipeline_creation"] = {"@callbacks": NUMPY_MATMUL}
        use_numpy_matmul(nlp)


def _add(nlp: Language, factory: str, **config: Any) -> str:
    name = _free_name(nlp, factory)
    nlp.add_pipe(factory, name=name, config=config)
    return name


def _add_from(nlp: Language, source_name: str, source: Language) -> str:
    name = _free_name(nlp, source_name)
    with warnings.catch_warnings():
        # spaCy warns of other word vectors; whether they matter has been checked.
        warnings.filterwarnings("ignore", message=r"\[W113\]")
        nlp.add_pipe(source_name, name=name, source=source)
    return name


def _add_abbreviations(nlp: Language) -> str | None:
    """Add a detector unless there is one; scispaCy's own, whose results may not be savable, is replaced."""
    factories = {nlp.get_pipe_meta(name).factory: name for name in nlp.pipe_names}
    if ABBREVIATIONS in factories:
        return None
    if name := factories.get("abbreviation_detector"):
        nlp.replace_pipe(name, ABBREVIATIONS)
        return name
    return _add(nlp, ABBREVIATIONS)


def _free_name(nlp: Language, name: str) -> str:
    numbered = (f"{name}_{number}" for number in itertools.count(2))
    return next(free for free in itertools.chain([name], numbered) if free not in nlp.component_names)


def _joint_meta(recogniser: Language, relations: Language) -> dict[str, Any]:
    """Describe the new pipeline. The scores of its parts are left out: they are not those of the whole."""
    parts = [recogniser.meta, relations.meta]
    names = [f"{meta['lang']}_{meta['name']} {meta['version']}" for meta in parts]
    sources = [
        {"name": name, **{key: meta[key] for key in ("url", "author", "license") if meta[key]}}
        for name, meta in zip(names, parts, strict=True)
    ]
    licences = {meta["license"] for meta in parts}
    return {
        "lang": recogniser.lang,
        "description": f"Entities of {names[0]}, relations of {names[1]}",
        "license": licences.pop() if len(licences) == 1 else "",
        "sources": [*sources, *(source for meta in parts for source in meta.get("sources") or [])],
        "requirements": list(dict.fromkeys(req for meta in parts for req in meta.get("requirements") or [])),
    }
