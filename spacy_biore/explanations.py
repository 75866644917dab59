"""What a relation model looked at."""

from spacy.tokens import Doc, Token

from .candidates import Candidates
from .model.architecture import RelationModel, attention
from .relations import Relation, get_relations, relation_record
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
    explained = []
    for view in get_relations(doc):
        if view.label in schema:
            # Not the stored record: where tokens were merged since, candidates and views are made of whole tokens.
            pair, _ = relation_key(relation_record(view.head, view.tail, view.label), schema)
            explained.append((view, weights.get(rows.get(pair, -1), [])))
    return explained
