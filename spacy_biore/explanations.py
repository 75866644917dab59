"""What a relation model looked at."""

import numpy as np
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
    views = [view for view in get_relations(doc) if view.label in schema]
    # Not the stored records: where tokens were merged since, candidates and views are made of whole tokens.
    pairs = [relation_key(relation_record(view.head, view.tail, view.label), schema)[0] for view in views]
    # Of many candidates few are related: the others need not pass through the model again.
    wanted = set(pairs)
    related = candidates.take(np.flatnonzero([key in wanted for key in candidate_keys(candidates)]))
    rows = {key: row for row, key in enumerate(candidate_keys(related))}
    weights = attention(model, doc, related)
    return [(view, weights.get(rows.get(pair, -1), [])) for view, pair in zip(views, pairs, strict=True)]
