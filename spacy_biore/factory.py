"""The factory of the pipeline component ``relation_extractor``, and its default settings."""

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from thinc.api import Model

from .candidates import CandidateGenerator
from .component import RelationExtractor
from .thresholds import as_thresholds

DEFAULT_CONFIG: dict[str, Any] = {
    "model": {
        "@architectures": "spacy-biore.RelationModel.v1",
        "encoder": "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract",
    },
    "candidates": {"@misc": "spacy-biore.CandidateGenerator.v1"},
    "relation_types": [],
    "exclusive": True,
    "threshold": None,
    "label_thresholds": [],
    "label_smoothing": 0.0,
    "consistency": 0.0,
    "scorer": {"@scorers": "spacy-biore.RelationScorer.v1"},
}


@Language.factory(
    "relation_extractor",
    requires=["doc.ents"],
    assigns=["doc._.relations"],
    default_config=DEFAULT_CONFIG,
    default_score_weights={
        "rel_micro_f": 1.0,
        "rel_micro_p": 0.0,
        "rel_micro_r": 0.0,
        "rel_macro_f": 0.0,
        "rel_per_type": None,
    },
)
def make_relation_extractor(
    nlp: Language,
    name: str,
    model: Model,
    candidates: CandidateGenerator,
    relation_types: list[dict[str, Any]],
    exclusive: bool,
    threshold: float | None,
    label_thresholds: list[list[Any]],
    label_smoothing: float,
    consistency: float,
    scorer: Callable | None,
) -> RelationExtractor:
    """Make a relation extractor; see ``RelationExtractor`` for the settings.

    The thresholds of labels are a list of pairs, because a config can't hold labels with a colon as keys.
    """
    return RelationExtractor(
        nlp.vocab,
        model,
        name,
        candidates=candidates,
        relation_types=relation_types,
        exclusive=exclusive,
        threshold=threshold,
        label_thresholds=as_thresholds(label_thresholds),
        label_smoothing=label_smoothing,
        consistency=consistency,
        scorer=scorer,
    )
