"""The factory of the pipeline component ``partial_ner``, and its default settings."""

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from thinc.api import Model

from .component import PartialRecogniser

DEFAULT_CONFIG: dict[str, Any] = {
    "model": {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 64,
        "maxout_pieces": 2,
        "use_upper": True,
        "tok2vec": {
            "@architectures": "spacy.HashEmbedCNN.v2",
            "pretrained_vectors": None,
            "width": 96,
            "depth": 4,
            "embed_size": 2000,
            "window_size": 1,
            "maxout_pieces": 3,
            "subword_features": True,
        },
    },
    "types": [],
    "update_with_oracle_cut_size": 100,
    "spans_key": None,
    "scorer": {"@scorers": "spacy-biore.EntityScorer.v1"},
}


@Language.factory(
    "partial_ner",
    assigns=["doc.ents", "doc.spans", "token.ent_iob", "token.ent_type"],
    default_config=DEFAULT_CONFIG,
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_partial_ner(
    nlp: Language,
    name: str,
    model: Model,
    types: list[str],
    update_with_oracle_cut_size: int,
    spans_key: str | None,
    scorer: Callable | None,
) -> PartialRecogniser:
    """Make a recogniser of some entity types; see ``PartialRecogniser`` for the settings."""
    return PartialRecogniser(
        nlp.vocab,
        model,
        name,
        types=types,
        update_with_oracle_cut_size=update_with_oracle_cut_size,
        spans_key=spans_key,
        scorer=scorer,
    )
