"""Whether a recogniser and a relation pipeline fit together: asked before anything is put together or written."""

import warnings
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import srsly
from spacy.language import Language
from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]

from ..component import RelationExtractor
from ..errors import BioreError, Errors, Warnings
from ..schema import Schema
from .scispacy_parts import single_bars
from .type_mapper import EntityTypeMapper, TypeMap
from .type_maps import suggest_mapping

PROBE = "Aspirin blocks this enzyme. It was given daily."


def find_labels(nlp: Language, *, spans_keys: Collection[str] = ()) -> set[str] | None:
    """Return the labels that entities have after the whole pipeline; None, with a warning, if they are not known.

    Args:
        nlp: The pipeline.
        spans_keys: Span groups in which entities count besides ``doc.ents``.

    Raises:
        BioreError: BR600 if there is no recogniser.
    """
    recognisers = [name for name, component in nlp.pipeline if _is_recogniser(nlp, name, component, spans_keys)]
    if not recognisers:
        wanted = " or ".join(["doc.ents", *(f"doc.spans['{key}']" for key in spans_keys)])
        components = ", ".join(nlp.pipe_names) or "none"
        raise BioreError(Errors.BR600.format(name=full_name(nlp), wanted=wanted, components=components))
    if unknown := [name for name in recognisers if not hasattr(nlp.get_pipe(name), "labels")]:
        warnings.warn(Warnings.BRW64.format(components="', '".join(unknown)), stacklevel=2)
        return None
    labels: set[str] = set()
    for name, component in nlp.pipeline:
        if isinstance(component, EntityTypeMapper):
            labels = component.map_labels(labels)
        elif name in recognisers:
            labels |= set(nlp.get_pipe(name).labels)  # type: ignore[attr-defined]
    return labels


def check_map(given: Mapping[str, str | None], labels: Collection[str] | None) -> None:
    """Check that a user's map speaks of labels that there are.

    Raises:
        BioreError: BR603 if it does not.
    """
    if labels is not None and (strange := set(given) - set(labels)):
        problem = f"the recogniser does not have the label {_names(strange)}; it has {_names(labels)}"
        raise BioreError(Errors.BR603.format(where="--types or --map-types", problem=problem))


def check_renamed(types: TypeMap, taken: Collection[str], *, extractors: Iterable[str]) -> None:
    """Warn of a map that changes what the relations of an earlier extractor are between.

    Args:
        types: What becomes of each label that is covered.
        taken: The entity types of the relation extractors that are in the pipeline already.
        extractors: The names of these.
    """
    if changed := [label for label, new in types.items() if label != new and label in taken]:
        text = Warnings.BRW67.format(labels=_names(changed), names="', '".join(extractors))
        warnings.warn(text, stacklevel=2)


def check_schema(
    schema: Schema, labels: Collection[str], types: TypeMap, *, name: str, taken: Collection[str] = ()
) -> None:
    """Check that the entities that a recogniser finds are those that the relations need.

    Args:
        schema: The relation types.
        labels: The labels of the recogniser.
        types: What becomes of each label that is covered.
        name: Name of the recogniser.
        taken: Entity types of other relations, which need no map.

    Raises:
        BioreError: BR602 if no relation can be found.
    """
    wanted = set(schema.entity_types)
    found = {new for label in labels if (new := types.get(label, label)) is not None}
    missing = wanted - found
    lost = [t.label for t in schema.types if found.isdisjoint(t.head) or found.isdisjoint(t.tail)]
    if len(lost) == len(schema):
        example = suggest_mapping(labels, missing)
        names = {"wanted": _names(wanted), "found": _names(found), "missing": _names(missing)}
        raise BioreError(Errors.BR602.format(name=name, example=example, **names))
    if lost:
        text = Warnings.BRW61.format(name=name, missing=_names(missing), labels=", ".join(lost))
        warnings.warn(text, stacklevel=2)
    if uncovered := set(labels) - set(types) - set(taken):
        warnings.warn(Warnings.BRW60.format(labels=_names(uncovered), wanted=_names(wanted)), stacklevel=2)


def check_extractors(extractors: Iterable[tuple[str, RelationExtractor]]) -> None:
    """Check that relation extractors are trained, and that no two of them have a label in common.

    Raises:
        BioreError: BR204 if one is not; BR607 if two have.
    """
    owners: dict[str, str] = {}
    for name, extractor in extractors:
        if not extractor.model.has_dim("nO"):
            raise BioreError(Errors.BR204.format(name=f"'{name}'"))
        if common := [label for label in extractor.labels if label in owners]:
            text = Errors.BR607.format(name=owners[common[0]], other=name, labels=", ".join(common))
            raise BioreError(text)
        owners |= dict.fromkeys(extractor.labels, name)


def check_likeness(
    recogniser: Language, relations: Language, extractors: Mapping[str, RelationExtractor], *, tokenizer: Any
) -> None:
    """Warn of differences between two pipelines that matter little, and stop at those that matter.

    Args:
        recogniser: The pipeline that finds entities.
        relations: The pipeline that the extractors come from.
        extractors: The relation extractors.
        tokenizer: What the pipeline of both will have.

    Raises:
        BioreError: BR608 if the extractor was trained with other word vectors.
    """
    if _rules(tokenizer) != _rules(recogniser.tokenizer):
        warnings.warn(Warnings.BRW66.format(name=full_name(recogniser)), stacklevel=2)
    if _rules(tokenizer) != _rules(relations.tokenizer):
        consequence = "an extractor reads characters, so that only where mentions can begin and end depends on tokens"
        warnings.warn(Warnings.BRW62.format(what="tokenizers", consequence=consequence), stacklevel=2)
    if recogniser.vocab.vectors == relations.vocab.vectors:
        return
    for name, extractor in extractors.items():
        if any(node.name == "static_vectors" for node in extractor.model.walk()):
            raise BioreError(Errors.BR608.format(name=name))
    if len(relations.vocab.vectors):
        consequence = "the extractor does not use any"
        warnings.warn(Warnings.BRW62.format(what="word vectors", consequence=consequence), stacklevel=2)


def sets_sentences(nlp: Language) -> bool:
    """Run a pipeline on a short text, and say whether the Doc has sentence boundaries afterwards.

    Raises:
        BioreError: BR609 if the pipeline can't be run.
    """
    try:
        return nlp(PROBE).has_annotation("SENT_START")
    except Exception as error:
        # Whatever it is: the components are not ours.
        raise BioreError(Errors.BR609.format(name=full_name(nlp), problem=repr(error))) from error


def full_name(nlp: Language) -> str:
    """Return the name of a pipeline with its language, as that of an installed package."""
    return f"{nlp.lang}_{nlp.meta['name']}"


def _is_recogniser(nlp: Language, name: str, component: Any, spans_keys: Collection[str]) -> bool:
    if isinstance(component, EntityTypeMapper):
        return False
    assigns = nlp.get_pipe_meta(name).assigns
    # A span ruler can be told to set entities too.
    if "doc.ents" in assigns or getattr(component, "annotate_ents", False):
        return True
    return "doc.spans" in assigns and getattr(component, "key", None) in spans_keys


def _rules(tokenizer: Any) -> Any:
    """Return what two tokenizers that split alike have in common."""
    if not isinstance(tokenizer, Tokenizer):
        return tokenizer.to_bytes(exclude=["vocab"]) if hasattr(tokenizer, "to_bytes") else type(tokenizer)
    rules = srsly.msgpack_loads(tokenizer.to_bytes(exclude=["vocab"]))
    # scispaCy's own pipelines, and earlier ones of ours, have the expression as scispaCy makes it.
    return {**rules, "suffix_search": single_bars(rules["suffix_search"] or "")}


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
