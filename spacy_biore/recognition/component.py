"""The pipeline component ``partial_ner``: spaCy's recogniser, for corpora that annotate some of the types only."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from spacy.language import Language
from spacy.pipeline import EntityRecognizer
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer

from ..errors import BioreError, Errors, Warnings
from ..streams import annotate_stream
from .annotation import all_mentions, is_annotated, restricted
from .merging import add_entities, forget_entities, hidden_entities, record_mentions, trim_entities
from .scorer import score_entities


class PartialRecogniser(EntityRecognizer):
    """Finds entities of its own types, and learns from the documents that were annotated with all of these.

    In other documents entities of its types are missing, not absent. Mentions of other types do not concern it. Several
    such components follow each other in a pipeline, perhaps on a shared encoder: each predicts as if there were no
    entities yet, and what they found is merged (see ``merge_entities``).

    Args:
        vocab: The shared vocabulary.
        model: A transition-based model, as spaCy's ``ner`` has it.
        name: Name of the component in the pipeline.
        moves: The transition system; None to make one.
        types: The entity types that it finds: an annotation scheme.
        update_with_oracle_cut_size: Cut long documents into pieces of about so many tokens to learn from.
        spans_key: Put what it finds also into ``doc.spans[spans_key]``, where mentions of other types may overlap it.
        scorer: Scores predictions against gold entities.

    Raises:
        BioreError: BR040 if the types are not such.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str = "partial_ner",
        moves: Any = None,
        *,
        types: Sequence[str] = (),
        update_with_oracle_cut_size: int = 100,
        spans_key: str | None = None,
        scorer: Callable | None = score_entities,
    ) -> None:
        super().__init__(
            vocab, model, name, moves, update_with_oracle_cut_size=update_with_oracle_cut_size, scorer=scorer
        )
        self.cfg["types"] = _checked(types, name=name)
        self.cfg["spans_key"] = spans_key

    @property
    def types(self) -> tuple[str, ...]:
        """The entity types that it finds."""
        return tuple(self.cfg["types"])

    def add_label(self, label: str) -> int:
        """Add one of its types; ``initialize`` does so with all.

        Args:
            label: The type.

        Returns:
            1, or 0 if it was there.

        Raises:
            BioreError: BR044 for another label: what it finds is a setting.
        """
        if label not in self.types:
            raise BioreError(Errors.BR044.format(name=self.name, label=label, types=", ".join(self.types)))
        return super().add_label(label)

    def initialize(
        self, get_examples: Callable[[], Iterable[Example]], nlp: Language | None = None, labels: Any = None
    ) -> None:
        """Make the model. The labels are always the component's types.

        Args:
            get_examples: Returns gold examples; a type that they never have is warned of (BRW18).
            nlp: The pipeline.
            labels: Not used: kept for ``spacy init labels``.
        """
        validate_get_examples(get_examples, "PartialRecogniser.initialize")
        if missing := self._find_missing(get_examples()):
            text = Warnings.BRW18.format(name=self.name, types=", ".join(self.types), missing=", ".join(missing))
            warnings.warn(text, stacklevel=2)
        super().initialize(get_examples, nlp=nlp, labels=self.moves.get_actions(entity_types=self.types))

    def pipe(self, docs: Iterable[Doc], *, batch_size: int = 256) -> Iterator[Doc]:
        """Find the entities of a stream of docs; see ``annotate_stream``.

        Args:
            docs: The docs.
            batch_size: Four times the docs that are predicted together, as in spaCy's recogniser, to save memory.
        """
        return annotate_stream(self, docs, batch_size=max(batch_size // 4, 2))

    def predict(self, docs: Iterable[Doc]) -> Any:
        """Find entities, as if the docs had none, without changing the docs."""
        docs = [docs] if isinstance(docs, Doc) else list(docs)
        with hidden_entities(docs):
            return super().predict(docs)

    def set_annotations(self, docs: Iterable[Doc], states: Any) -> None:
        """Write entities on docs, merged with those that are there; those of the span group may overlap.

        None begins or ends with a whitespace token.
        """
        docs = list(docs)
        earlier = [forget_entities(doc) for doc in docs]
        try:
            super().set_annotations(docs, states)
        finally:
            for doc, entities in zip(docs, earlier, strict=True):
                trim_entities(doc)
                if spans_key := self.cfg["spans_key"]:
                    record_mentions(doc, spans_key, types=self.types, earlier=entities, found=doc.ents)
                if entities:
                    add_entities(doc, entities)

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from the examples whose references were annotated with all types of this component.

        Args:
            examples: A batch of examples.
            drop: The dropout rate.
            sgd: The optimizer, if the weights shall be updated now.
            losses: The loss is added to ``losses[self.name]``.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "PartialRecogniser.update")
        docs = [eg.predicted for eg in examples]
        known = [Example(eg.predicted, restricted(eg.reference, self.types)) for eg in examples]
        if not any(len(eg.predicted) and eg.reference.has_annotation("ENT_IOB") for eg in known):
            self._pass_zeros_back(docs)
            return losses
        with hidden_entities(docs):
            return super().update(known, drop=drop, sgd=sgd, losses=losses)

    def _pass_zeros_back(self, docs: Sequence[Doc]) -> None:
        """Tell a shared encoder that there is nothing to learn here from this batch.

        The encoder waits for the last of its listeners to start the backward pass, for the gradients of all. spaCy's
        recogniser does not answer when nothing is annotated, and what the other listeners learned would be lost.
        """
        embed = self.model.get_ref("tok2vec").layers[0]
        if any(map(len, docs)) and any(hasattr(node, "upstream_name") for node in embed.walk()):
            vectors, backprop = embed.begin_update(list(docs))
            backprop([self.model.ops.alloc2f(*rows.shape) for rows in vectors])

    def _find_missing(self, examples: Iterable[Example]) -> list[str]:
        """Return the types without a mention in the documents that this component learns from."""
        missing = set(self.types)
        for eg in examples:
            if is_annotated(eg.reference, self.types):
                missing.difference_update(span.label_ for span in all_mentions(eg.reference))
            if not missing:
                break
        return sorted(missing)


def _checked(types: Sequence[str], *, name: str) -> list[str]:
    given = [types] if isinstance(types, str) else list(types)
    if isinstance(types, str) or not given or not all(given) or len(set(given)) < len(given):
        raise BioreError(Errors.BR040.format(name=name, types=types))
    return given
