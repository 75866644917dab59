"""A pipeline's relations on a corpus, compared with gold ones: given gold entities, or end to end."""

import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.scorer import PRFScore
from spacy.tokens import Doc
from spacy.util import minibatch

from .analysis import (
    EXCESSES,
    REASONS,
    Considered,
    Excess,
    Reason,
    count_confusions,
    find_excess,
    find_reason,
    gold_mention_keys,
    match_relations,
)
from .component import RelationExtractor
from .errors import BioreError, Errors, Warnings
from .readers import apply_component, with_gold_entities, without_annotation
from .relations import get_doc_id, get_group
from .schema import Schema
from .scorer import RelationKey, RelationTally, relation_keys
from .targets import MentionKey


@dataclass
class Evaluation:
    """What was found, confused and lost, added up over docs.

    Attributes:
        tally: Right, spurious and missed relations of each label.
        documents: Number of docs.
        candidate_pairs: Number of candidate pairs.
        scored_pairs: Number of those that fit into the encoder.
        confusions: Count of each (gold label, predicted label); None stands for no relation.
        lost: Count of gold relations that were not found, by reason.
        articles: Right, spurious and missed relations of each article that has any.
        excess: Count of predicted relations that are not gold, by what is wrong with them.
    """

    tally: RelationTally
    documents: int = 0
    candidate_pairs: int = 0
    scored_pairs: int = 0
    confusions: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)
    lost: Counter[Reason] = field(default_factory=Counter)
    articles: dict[str, PRFScore] = field(default_factory=dict)
    excess: Counter[Excess] = field(default_factory=Counter)

    @property
    def gold(self) -> int:
        """Number of gold relations."""
        return self.tally.micro.tp + self.tally.micro.fn

    @property
    def found(self) -> int:
        """Number of gold relations that were predicted."""
        return self.tally.micro.tp

    @property
    def spurious(self) -> int:
        """Number of predicted relations that are not gold."""
        return self.tally.micro.fp

    @property
    def labels(self) -> list[str]:
        """The labels scored, in the order of the schema."""
        return list(self.tally.per_type)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the single articles as JSON data."""
        macro = self.tally.macro
        rows = [*self.labels, None]
        return {
            **self.tally.scores(),
            "rel_macro_p": macro.precision if self.gold else None,
            "rel_macro_r": macro.recall if self.gold else None,
            "documents": self.documents,
            "candidate_pairs": self.candidate_pairs,
            "scored_pairs": self.scored_pairs,
            "gold": self.gold,
            "predicted": self.found + self.spurious,
            "found": self.found,
            "spurious": self.spurious,
            "support": {
                label: {"gold": score.tp + score.fn, "predicted": score.tp + score.fp}
                for label, score in self.tally.per_type.items()
            },
            "lost": {reason: self.lost[reason] for reason in REASONS},
            "excess": {kind: self.excess[kind] for kind in EXCESSES},
            "confusion": {"labels": rows, "counts": [[self.confusions[g, p] for p in rows] for g in rows]},
        }


class Survey(NamedTuple):
    """What a corpus holds for a model: how many docs, and how many gold relations of each label that is scored."""

    documents: int
    gold: Counter[str]


def get_extractors(nlp: Language) -> dict[str, RelationExtractor]:
    """Return the relation extractors of a pipeline by their names in it.

    Raises:
        BioreError: BR301 if there is none.
    """
    extractors = {name: component for name, component in nlp.pipeline if isinstance(component, RelationExtractor)}
    if not extractors:
        name = nlp.path or nlp.meta.get("name") or "pipeline"
        raise BioreError(Errors.BR301.format(name=name, components=", ".join(nlp.pipe_names) or "none"))
    return extractors


def joint_schema(extractors: Iterable[RelationExtractor]) -> Schema:
    """Return the relation types of all extractors; where two share a label, the later one's predictions stay."""
    return Schema({t.label: t for extractor in extractors for t in extractor.schema.types}.values())


def survey(nlp: Language, references: Iterable[Doc], *, labels: Collection[str] | None = None) -> Survey:
    """Check, before anything is predicted, that a model and a corpus belong together.

    Args:
        nlp: The pipeline.
        references: Docs with gold relations.
        labels: Labels to score; None for all.

    Raises:
        BioreError: BR301 if there is no relation extractor; BR302 for gold labels, BR303 for ``labels``, that the model
            does not know.
    """
    schema = joint_schema(get_extractors(nlp).values())
    known = ", ".join(schema.labels) or "none"
    if labels is not None and (strange := sorted(set(labels) - set(schema.labels))):
        raise BioreError(Errors.BR303.format(labels=", ".join(strange), known=known))
    documents = 0
    gold: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    misfits: Counter[str] = Counter()
    first_misfit = ""
    for doc in references:
        documents += 1
        keys = relation_keys(doc, schema, labels=labels)
        gold.update(label for _, label in keys)
        for (head, tail), label in sorted(keys):
            if label not in schema:
                unknown[label] += 1
            elif not schema.allows(label, head[2], tail[2]):
                misfits[f"{label} from {head[2]} to {tail[2]}"] += 1
                first_misfit = first_misfit or get_doc_id(doc)
    if unknown:
        names = ", ".join(sorted(unknown))
        raise BioreError(Errors.BR302.format(n_relations=unknown.total(), labels=names, known=known))
    if misfits:
        examples = ", ".join(sorted(misfits))
        text = Warnings.BRW21.format(n_relations=misfits.total(), examples=examples, doc_id=first_misfit)
        warnings.warn(text, stacklevel=2)
    if documents and not gold:
        warnings.warn(Warnings.BRW20.format(n_docs=documents), stacklevel=2)
    return Survey(documents, gold)


def evaluate(
    nlp: Language,
    references: Iterable[Doc],
    *,
    end_to_end: bool = False,
    labels: Collection[str] | None = None,
    batch_size: int | None = None,
) -> Evaluation:
    """Predict the relations of docs and compare them with gold ones, a batch of docs at a time.

    Call ``survey`` first: a gold label that the model does not know is an error there.

    Args:
        nlp: The pipeline.
        references: Docs with gold relations.
        end_to_end: Run the whole pipeline on the text. Otherwise its relation extractors alone run, on the tokens,
            sentences and entities of the reference.
        labels: Labels to score; None for all.
        batch_size: Docs a batch; None for the pipeline's own setting.

    Raises:
        BioreError: BR301 if there is no relation extractor.
    """
    extractors = get_extractors(nlp)
    schema = joint_schema(extractors.values())
    result = Evaluation(RelationTally([label for label in schema.labels if labels is None or label in labels]))
    without_mentions = set(extractors)
    for batch in minibatch(references, batch_size or nlp.batch_size):
        docs, considered = _predict_end_to_end(nlp, batch) if end_to_end else _predict_given_gold(nlp, batch)
        without_mentions -= {
            name for name, of_docs in considered.items() if any(one.candidates.mentions for one in of_docs)
        }
        for i, (reference, doc) in enumerate(zip(batch, docs, strict=True)):
            mine = [of_docs[i] for of_docs in considered.values()]
            gold, predicted = (relation_keys(d, schema, labels=labels) for d in (reference, doc))
            _add(result, doc, gold_mention_keys(reference), gold, predicted, schema, mine)
            if gold or predicted:
                result.articles.setdefault(get_group(reference), PRFScore()).score_set(predicted, gold)
    for name in sorted(without_mentions) if result.documents else ():
        warnings.warn(Warnings.BRW01.format(n_docs=result.documents, name=name), stacklevel=2)
    assert result.lost.total() == result.gold - result.found
    assert result.excess.total() == result.spurious
    return result


def _add(
    result: Evaluation,
    doc: Doc,
    mentions: set[MentionKey],
    gold: set[RelationKey],
    predicted: set[RelationKey],
    schema: Schema,
    considered: Sequence[Considered],
) -> None:
    by_label = {label: one for one in considered for label in one.schema.labels}
    matches = match_relations(gold, predicted, schema)
    result.documents += 1
    result.candidate_pairs += sum(len(one.candidates) for one in considered)
    result.scored_pairs += sum(len(one.scored) for one in considered)
    result.tally.add(gold, predicted)
    result.confusions.update(count_confusions(matches))
    for match in matches:
        if match.gold == match.predicted:
            continue
        if match.gold is not None:
            extractor = by_label.get(match.gold[1])
            reason = find_reason(match, doc, extractor, predicted) if extractor else "not a candidate"
            result.lost[reason] += 1
        if match.predicted is not None:
            result.excess[find_excess(match, mentions, gold)] += 1


def _predict_given_gold(nlp: Language, references: Sequence[Doc]) -> tuple[list[Doc], dict[str, list[Considered]]]:
    docs = [with_gold_entities(nlp, reference) for reference in references]
    return docs, {name: _extract(extractor, docs) for name, extractor in get_extractors(nlp).items()}


def _predict_end_to_end(nlp: Language, references: Sequence[Doc]) -> tuple[list[Doc], dict[str, list[Considered]]]:
    docs = [without_annotation(nlp, reference) for reference in references]
    considered = {}
    for name, component in nlp.pipeline:
        if isinstance(component, RelationExtractor):
            considered[name] = _extract(component, docs)
        else:
            docs = apply_component(component, docs)
    return docs, considered


def _extract(extractor: RelationExtractor, docs: Sequence[Doc]) -> list[Considered]:
    predictions = extractor.predict(docs)
    extractor.set_annotations(docs, predictions)
    schema = extractor.schema
    return [Considered(candidates, rows, schema, extractor.generate) for candidates, rows, _ in predictions.by_doc()]
