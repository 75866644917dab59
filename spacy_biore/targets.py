"""Gold relations as targets of candidate pairs; logits as probabilities and decisions."""

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from .candidates import Candidates, Mention
from .relations import MentionRecord, RelationRecord, get_records
from .schema import Schema

MentionKey = tuple[int, int, str]
PairKey = tuple[MentionKey, MentionKey]


def mention_key(mention: MentionRecord | Mention) -> MentionKey:
    """Identify a mention by its characters and type: start, end, type."""
    if isinstance(mention, Mention):
        return mention.start_char, mention.end_char, mention.type
    return mention["start"], mention["end"], mention["type"]


def relation_key(record: RelationRecord, schema: Schema) -> tuple[PairKey, str]:
    """Identify a relation by its pair and label; the two orders of a symmetric relation have one identity.

    A symmetric relation is turned to the order of its types in the schema, or of its mentions in the text.
    """
    head, tail, label = mention_key(record["head"]), mention_key(record["tail"]), record["label"]
    if label in schema and schema[label].symmetric:
        forwards = schema[label].allows(head[2], tail[2])
        backwards = schema[label].allows(tail[2], head[2])
        if (backwards and not forwards) or (backwards and forwards and tail < head):
            head, tail = tail, head
    return (head, tail), label


def candidate_keys(candidates: Candidates) -> list[PairKey]:
    """Identify the pair in every row of the candidates."""
    keys = [mention_key(mention) for mention in candidates.mentions]
    return [(keys[head], keys[tail]) for head, tail in candidates.pairs]


def gold_labels(reference: Doc, candidates: Candidates, schema: Schema) -> NDArray[np.float32]:
    """Return (pairs, labels) with 1 where the reference states a relation.

    Gold is matched by character offsets and types, so that the two docs may be tokenised differently.
    """
    truth = np.zeros((len(candidates), len(schema)), dtype=np.float32)
    records = get_records(reference)
    if records and len(candidates):
        rows = {key: row for row, key in enumerate(candidate_keys(candidates))}
        columns = {label: column for column, label in enumerate(schema.labels)}
        for record in records:
            pair, label = relation_key(record, schema)
            if pair in rows and label in columns:
                truth[rows[pair], columns[label]] = 1.0
    # What the types forbid can't be learned; corpora with such relations are refused before.
    return truth * candidates.allowed


def probabilities(logits: NDArray[np.float32], allowed: NDArray[np.bool_], *, exclusive: bool) -> NDArray[np.float32]:
    """Turn logits into probabilities of the labels.

    Args:
        logits: (pairs, 1 + labels) with the null class first if ``exclusive``, else (pairs, labels).
        allowed: (pairs, labels) labels that the pair's types permit; the others get probability 0.
        exclusive: Softmax over the labels and the null class, or a sigmoid for each label.

    Returns:
        (pairs, labels)
    """
    if not exclusive:
        return np.where(allowed, sigmoid(logits), 0.0).astype(np.float32)
    return softmax(logits, with_null_class(allowed))[:, 1:]


def decide(scores: NDArray[np.float32], thresholds: NDArray[np.float32], *, exclusive: bool) -> list[tuple[int, int]]:
    """Choose (pair, label) decisions from probabilities.

    Args:
        scores: (pairs, labels)
        thresholds: (labels,) least probability of each label. NaN stands for the natural one: as probable as the null
            class, at least, if ``exclusive``, else 0.5.
        exclusive: Whether a pair has at most one label: the most probable one, if it reaches its threshold.

    Returns:
        Rows and columns of ``scores``, in this order.
    """
    natural = 1.0 - scores.sum(axis=1, keepdims=True) if exclusive else 0.5
    # Probability 0 is that of a label which the types of the pair forbid: no threshold lets it through.
    reached = (scores >= np.where(np.isnan(thresholds), natural, thresholds)) & (scores > 0.0)
    if exclusive and scores.size:
        reached &= np.arange(scores.shape[1]) == scores.argmax(axis=1)[:, None]
    return [(int(pair), int(label)) for pair, label in np.argwhere(reached)]


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the probability of each logit by itself, in the shape of the logits."""
    return np.exp(-np.logaddexp(0.0, -logits))


def softmax(logits: NDArray[np.float32], permitted: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the probabilities (pairs, 1 + labels) of classes of which one holds; others than the permitted have 0."""
    masked = np.where(permitted, logits, -np.inf)
    exponents = np.exp(masked - masked.max(axis=1, keepdims=True, initial=-1e30))
    return exponents / exponents.sum(axis=1, keepdims=True)


def with_null_class(allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (pairs, 1 + labels) which classes are permitted: the null class, which comes first, always is."""
    return np.concatenate([np.ones((len(allowed), 1), dtype=bool), allowed], axis=1)
