"""The pipeline component ``relation_extractor``."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc, Token
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Optimizer

from .alarm import Alarm
from .candidates import CandidateGenerator, Candidates, chunk_candidates, make_candidate_generator, stack_allowed
from .checks import inspect_examples, observed_schema, warn_of_gaps
from .errors import BioreError, Errors
from .explanations import explain
from .loss import Loss
from .model.architecture import PairLogits, RelationModel, chunk_pairs
from .predictions import Predictions, relation_of, score_pairs
from .relations import Relation, RelationRecord, get_doc_id, get_records, set_records
from .sampling import take_training_pairs
from .schema import Schema, SchemaConfig
from .scorer import score_relations
from .streams import annotate_stream
from .targets import decide, gold_labels, probabilities
from .thresholds import threshold_array


class RelationExtractor(TrainablePipe):
    """Finds typed, directed relations between the entities of a Doc.

    Args:
        vocab: The shared vocabulary.
        model: Scores candidate pairs.
        name: Name of the component in the pipeline.
        candidates: Generates the candidate pairs of a Doc.
        relation_types: The schema: a list of ``{"label", "head", "tail", "symmetric"}``. Empty: learned from the data
            or read from a labels file in ``initialize``.
        exclusive: Whether a pair has at most one label (softmax with a null class) or any number (sigmoid).
        threshold: Least probability of a relation. None: a label must be more probable than "no relation" if
            ``exclusive``, else than 0.5.
        label_thresholds: Thresholds of single labels, in place of ``threshold``.
        label_smoothing: As in ``Loss``.
        consistency: As in ``Loss``.
        scorer: Scores predictions against gold relations.

    The settings of decisions (``threshold``, ``label_thresholds``) are in ``cfg`` and are read when predicting.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: RelationModel,
        name: str = "relation_extractor",
        *,
        candidates: CandidateGenerator | None = None,
        relation_types: SchemaConfig | None = None,
        exclusive: bool = True,
        threshold: float | None = None,
        label_thresholds: dict[str, float] | None = None,
        label_smoothing: float = 0.0,
        consistency: float = 0.0,
        scorer: Callable | None = score_relations,
    ) -> None:
        self.vocab = vocab
        self.model = model
        self.name = name
        self.generate = candidates or make_candidate_generator()
        self.loss = Loss(label_smoothing=label_smoothing, consistency=consistency)
        self.scorer = scorer
        self.cfg: dict[str, Any] = {
            "relation_types": Schema.from_config(relation_types or []).to_config(),
            "exclusive": exclusive,
            "threshold": threshold,
            "label_thresholds": dict(label_thresholds or {}),
        }
        self._thresholds()
        self._alarm = Alarm(self)

    @property
    def schema(self) -> Schema:
        """Which relations there are, and between which entity types."""
        return Schema.from_config(self.cfg["relation_types"])

    @property
    def labels(self) -> tuple[str, ...]:
        """The relation labels, in the order of the model's outputs."""
        return self.schema.labels

    @property
    def label_data(self) -> SchemaConfig:
        """The schema as JSON data, as ``spacy init labels`` saves it and ``initialize`` takes it."""
        return self.schema.to_config()

    def add_label(
        self, label: str, *, head: Sequence[str] | str = (), tail: Sequence[str] | str = (), symmetric: bool = False
    ) -> int:
        """Add a relation type before the model is initialized.

        Args:
            label: Its label.
            head: Entity types of its head.
            tail: Entity types of its tail.
            symmetric: Whether head and tail may be exchanged.

        Returns:
            0 if there is such a label, else 1.

        Raises:
            BioreError: BR001 without entity types, or for a label that has others; BR006 after initialization.
        """
        if label in self.schema and not (head or tail):
            return 0
        [added] = Schema.from_config([{"label": label, "head": head, "tail": tail, "symmetric": symmetric}]).types
        if added in self.schema.types:
            return 0
        if self.model.has_dim("nO"):
            raise BioreError(Errors.BR006.format(label=label, name=self.name))
        self._set_schema(Schema([*self.schema.types, added]))
        return 1

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: SchemaConfig | None = None,
    ) -> None:
        """Set the schema, check that the data fit it, and make the model.

        Args:
            get_examples: Returns gold examples.
            nlp: The pipeline.
            labels: The schema as ``label_data`` returns it. Without it and without a declared schema, the schema is
                what the gold relations show.

        Raises:
            BioreError: BR002 for a threshold of an unknown label; BR003 if no relation is known; BR004 if a gold
                relation does not fit the schema.
        """
        validate_get_examples(get_examples, "RelationExtractor.initialize")
        if labels is not None:
            self._set_schema(Schema.from_config(labels))
        elif not self.labels:
            self._set_schema(observed_schema(eg.reference for eg in get_examples()))
        if not self.labels:
            raise BioreError(Errors.BR003.format(name=self.name))
        self._thresholds()
        self._check(get_examples(), nlp)
        self.model.attrs["schema"] = self.label_data
        self.model.set_dim("nO", len(self.labels) + (1 if self.cfg["exclusive"] else 0), force=True)
        self.model.initialize()

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Find the relations of a stream of docs, a batch at a time; see ``annotate_stream``."""
        return annotate_stream(self, stream, batch_size=batch_size)

    def predict(self, docs: Iterable[Doc]) -> Predictions:
        """Score the candidate pairs of some docs without changing the docs.

        Raises:
            BioreError: BR003 before there are labels.
        """
        if not self.labels:
            raise BioreError(Errors.BR003.format(name=self.name))
        docs = list(docs)
        candidates = self.get_candidates(docs)
        self._alarm.watch_entities(docs, candidates)
        allowed = stack_allowed(candidates, len(self.labels))
        if not len(allowed):
            nothing = np.zeros((2, *allowed.shape), dtype=np.float32)
            return Predictions(candidates, np.zeros(0, dtype=np.int64), *nothing)
        rows, logits = score_pairs(self.model, docs, candidates)
        self._alarm.watch_misfits(docs, candidates, rows, max_length=self.model.attrs["max_length"])
        scores = probabilities(logits, allowed[rows], exclusive=self.cfg["exclusive"])
        return Predictions(candidates, rows, logits, scores)

    def set_annotations(self, docs: Iterable[Doc], scores: Predictions) -> None:
        """Write relations on docs. Relations with labels of other components stay."""
        labels = self.labels
        thresholds = self._thresholds()
        for doc, (candidates, rows, doc_scores) in zip(docs, scores.by_doc(), strict=True):
            chosen = decide(doc_scores, thresholds, exclusive=self.cfg["exclusive"])
            found = [relation_of(candidates, rows[pair], doc, labels[k], doc_scores[pair, k]) for pair, k in chosen]
            others = [record for record in self._earlier_records(doc) if record["label"] not in labels]
            set_records(doc, [*others, *found])

    def get_candidates(self, docs: Iterable[Doc]) -> list[Candidates]:
        """Generate the candidate pairs of each Doc."""
        docs, schema = list(docs), self.schema
        candidates = [self.generate(doc, schema) for doc in docs]
        self._alarm.watch_crowds(docs, candidates)
        return candidates

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from gold relations.

        The loss is the mean over all pairs of the batch. Large batches pass through the model a chunk at a time, so
        that memory stays bounded; the gradient is that of the whole batch.

        Args:
            examples: A batch of examples; candidates come from their predicted docs.
            drop: Not used: dropout is a setting of the model.
            sgd: The optimizer, if the weights shall be updated now.
            losses: The loss is added to ``losses[self.name]``.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "RelationExtractor.update")
        docs = [eg.predicted for eg in examples]
        candidates = [
            take_training_pairs(doc, found) for doc, found in zip(docs, self.get_candidates(docs), strict=True)
        ]
        n_pairs = sum(len(found) for found in candidates)
        passes = self.loss.passes
        self._alarm.watch_gold(examples, candidates)
        self._alarm.watch_mentions(candidates)
        for chunk in chunk_candidates(candidates, max(1, chunk_pairs(self.model) // passes)):
            (rows, logits), backprop = self.model.begin_update((docs * passes, chunk * passes))
            self._alarm.watch_misfits(docs, chunk, rows, max_length=self.model.attrs["max_length"])
            scores = Predictions(chunk * passes, rows, logits, logits)
            loss, d_logits = self.get_loss(examples * passes, scores, passes=passes)
            share = len(np.unique(rows)) / (n_pairs * passes)
            backprop(PairLogits(rows, d_logits * share))
            losses[self.name] += loss * share
        if sgd is not None:
            self.finish_update(sgd)
        return losses

    def get_loss(
        self, examples: Iterable[Example], scores: Predictions, *, passes: int = 1
    ) -> tuple[float, NDArray[np.float32]]:
        """Return the mean loss of the scored pairs and its gradient (scored, classes).

        Args:
            examples: The examples that the candidates come from.
            scores: What ``predict`` returned for them.
            passes: As in ``Loss``: 2 if examples, candidates and scores repeat those of a first pass.

        Raises:
            ValueError: BR030 if the loss is not finite.
        """
        candidates, rows, logits, _ = scores
        schema = self.schema
        truth = [gold_labels(eg.reference, found, schema) for eg, found in zip(examples, candidates, strict=True)]
        allowed = stack_allowed(candidates, len(schema))[rows]
        loss, gradient = self.loss(
            logits, np.vstack(truth)[rows], allowed, exclusive=self.cfg["exclusive"], passes=passes
        )
        if not math.isfinite(loss):
            raise ValueError(Errors.BR030.format(name=self.name))
        return loss, gradient

    def explain(self, doc: Doc) -> list[tuple[Relation, list[tuple[Token, float]]]]:
        """Return the relations of a Doc with the attention that each paid to the words around it.

        Returns:
            Each relation of this component with (token, weight) for the tokens shown to the encoder, in text order. The
            weights of a pair have a sum of 1 (Su & Vijay-Shanker 2022, Table 8). Empty lists of words if the model's
            summary is not ``attention``.
        """
        return explain(self.model, doc, self.get_candidates([doc])[0], self.schema)

    def _earlier_records(self, doc: Doc) -> list[RelationRecord]:
        """Return the relations that a Doc has, or none if they belong to another text or are no such records."""
        try:
            return get_records(doc)
        except BioreError as error:
            self._alarm.once("BRW22", doc_id=get_doc_id(doc), problem=error)
            return []

    def _set_schema(self, schema: Schema) -> None:
        self.cfg["relation_types"] = schema.to_config()
        for label in schema.labels:
            self.vocab.strings.add(label, allow_transient=False)  # type: ignore[call-arg]

    def _thresholds(self) -> NDArray[np.float32]:
        return threshold_array(self.labels, self.cfg["threshold"], self.cfg["label_thresholds"], name=self.name)

    def _check(self, examples: Iterable[Example], nlp: Language | None) -> None:
        """Check that gold relations fit the schema, and warn of what can't be learned from."""
        # Frozen and sourced components are disabled while the others are initialized.
        pipes = [pipe for _, pipe in nlp.components if isinstance(pipe, RelationExtractor)] if nlp is not None else []
        elsewhere = {label for pipe in pipes for label in pipe.labels}
        earlier = {label for pipe in takewhile(lambda pipe: pipe is not self, pipes) for label in pipe.labels}
        found = inspect_examples(examples, self.generate, self.schema, name=self.name, elsewhere=elsewhere)
        warn_of_gaps(found, self.schema, name=self.name, exclusive=self.cfg["exclusive"], earlier=earlier)
