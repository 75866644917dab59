"""What gold examples show before training: the schema that they imply, and whether they fit a given one."""

import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from spacy.tokens import Doc
from spacy.training import Example

from .candidates import CandidateGenerator
from .errors import BioreError, Errors, Warnings
from .relations import RelationRecord, get_doc_id, get_records
from .schema import Schema
from .targets import candidate_keys, relation_key


class Inspection(NamedTuple):
    """What there is to learn from.

    Attributes:
        documents: Number of docs.
        mentions: Number of mentions that candidates can be made of.
        unreachable: For each gold relation whose pair is no candidate, the id of its Doc.
        repeated: For each pair with several labels, the id of its Doc.
        labels: How often each label of the schema occurs.
        types: How often mentions of each type of the schema occur.
    """

    documents: int
    mentions: int
    unreachable: list[str]
    repeated: list[str]
    labels: Counter[str]
    types: Counter[str]

    def missing(self, schema: Schema) -> list[str]:
        """Return the labels, and the entity types, of a schema that never occur."""
        return [label for label in schema.labels if not self.labels[label]] + [
            entity_type for entity_type in schema.entity_types if not self.types[entity_type]
        ]


def observed_schema(references: Iterable[Doc]) -> Schema:
    """Return the schema of the relations that some docs show."""
    return Schema.from_triples(
        (record["label"], record["head"]["type"], record["tail"]["type"])
        for reference in references
        for record in get_records(reference)
    )


def inspect_examples(
    examples: Iterable[Example],
    generate: CandidateGenerator,
    schema: Schema,
    *,
    name: str,
    elsewhere: Collection[str] = (),
) -> Inspection:
    """Check that the gold relations of all examples fit a schema.

    Args:
        examples: Gold examples.
        generate: Generates the candidates.
        schema: The schema.
        name: Name of the component that it belongs to.
        elsewhere: Labels that other components of the pipeline learn; they need not be in the schema.

    Raises:
        BioreError: BR004 if a relation does not fit.
    """
    documents = mentions = 0
    unreachable: list[str] = []
    repeated: list[str] = []
    labels: Counter[str] = Counter()
    types: Counter[str] = Counter()
    for eg in examples:
        candidates, doc_id = generate(eg.reference, schema), get_doc_id(eg.reference)
        pairs = set(candidate_keys(candidates))
        documents += 1
        mentions += len(candidates.mentions)
        types.update(mention.type for mention in candidates.mentions)
        known = set()
        for record in get_records(eg.reference):
            if record["label"] not in schema and record["label"] in elsewhere:
                continue
            _check_record(record, {name: schema}, doc_id)
            labels[record["label"]] += 1
            key = relation_key(record, schema)
            known.add(key)
            if key[0] not in pairs:
                unreachable.append(doc_id)
        repeated += [doc_id for n_labels in Counter(pair for pair, _ in known).values() if n_labels > 1]
    return Inspection(documents, mentions, unreachable, repeated, labels, types)


def warn_of_gaps(
    found: Inspection, schema: Schema, *, name: str, exclusive: bool, earlier: Collection[str] = ()
) -> None:
    """Warn of what can't be learned: no entities (BRW01), no relations (BRW06), names that never occur (BRW07).

    Relations whose pairs are no candidates are warned of as well (BRW04), pairs with several labels of which only one
    can be found (BRW26), and labels that a component before this one has too (BRW08).
    """
    if shared := sorted({*earlier} & {*schema.labels}):
        warnings.warn(Warnings.BRW08.format(name=name, labels=", ".join(shared)), stacklevel=4)
    missing = ", ".join(found.missing(schema))
    if found.documents and not found.mentions:
        warnings.warn(Warnings.BRW01.format(n_docs=found.documents, name=name), stacklevel=4)
    elif found.documents and not found.labels:
        warnings.warn(Warnings.BRW06.format(n_docs=found.documents, name=name), stacklevel=4)
    elif missing:
        warnings.warn(Warnings.BRW07.format(missing=missing, name=name), stacklevel=4)
    if found.unreachable:
        text = Warnings.BRW04.format(n_relations=len(found.unreachable), doc_id=found.unreachable[0])
        warnings.warn(text, stacklevel=4)
    if exclusive and found.repeated:
        text = Warnings.BRW26.format(name=name, n_pairs=len(found.repeated), doc_id=found.repeated[0])
        warnings.warn(text, stacklevel=4)


def check_fit(reference: Doc, schemas: Mapping[str, Schema]) -> None:
    """Check that one or another of a pipeline's schemas, by name of the component, allows each gold relation.

    Raises:
        BioreError: BR004 if none does.
    """
    for record in get_records(reference) if schemas else ():
        _check_record(record, schemas, get_doc_id(reference))


def _check_record(record: RelationRecord, schemas: Mapping[str, Schema], doc_id: str) -> None:
    label, head, tail = record["label"], record["head"]["type"], record["tail"]["type"]
    if any(schema.allows(label, head, tail) for schema in schemas.values()):
        return
    is_known = any(label in schema for schema in schemas.values())
    problem = f"'{label}' does not relate {head} to {tail} in it" if is_known else f"the label '{label}' is not in it"
    raise BioreError(Errors.BR004.format(name="', '".join(schemas), problem=problem, doc_id=doc_id))
