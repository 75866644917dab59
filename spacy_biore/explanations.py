"""What a relation model looked at."""

from spacy.tokens import Doc, Token

from .candidates import Candidates
from .model.architecture import RelationModel, attention
from .relations import Relation, get_records, get_relations
from .schema import Schema
from .targets import candidate_keys, relation_key


def explain(
    model: RelationModel, doc: Doc, candidates: Candidates, schema: Schema
) -> list[tuple[Relation, list[tuple[Token, float]]]]:
    """Return the relations of a Doc with the attention that each paid to words; see ``RelationExtractor.explain``.

    Args:
        model: The model that found them.
        doc: The Doc.
        candidates: Its candidate pairs.
        schema: The relation types of the model; others are left out.
    """
    rows = {key: row for row, key in enumerate(candidate_keys(candidates))}
    weights = attention(model, doc, candidates)
    return [
        (view, weights.get(rows.get(relation_key(record, schema)[0], -1), []))
        for view, record in zip(get_relations(doc), get_records(doc), strict=True)
        if record["label"] in schema
    ]
