"""The relation model as a thinc Model: docs and their candidate pairs in, logits out.

spaCy imports this module to look up its registered function, so torch and transformers are imported only where a
model is built or run.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Token
from thinc.api import Model

from ..candidates import Candidates
from ..errors import BioreError, Errors, Warnings
from ..instances import INPUT_STYLES, InputStyle, make_instances, special_tokens
from ..schema import Schema

if TYPE_CHECKING:
    from .pieces import EncodedPair
    from .shim import NetworkShim


class PairLogits(NamedTuple):
    """Scores of candidate pairs.

    Attributes:
        rows: (scored,) which candidates were scored, counted through all docs. One that does not fit into the encoder
            is missing. In training each of the others is there once for every dropout sample, side by side.
        logits: (scored, classes)
    """

    rows: NDArray[np.int64]
    logits: NDArray[np.float32]


# What a shared text may be expected to have: an update is computed in larger parts, so that few are cut through a text.
PAIRS_A_TEXT = 4

ModelInput = tuple[Sequence[Doc], Sequence[Candidates]]
RelationModel = Model[ModelInput, PairLogits]


def build_relation_model(
    encoder: str,
    cls: str = "raw",
    summary: str = "attention",
    entities: str = "start",
    input_style: InputStyle = "anonymised",
    context: int = 0,
    max_length: int = 128,
    dropout: float = 0.1,
    batch_tokens: int = 4096,
    mixed_precision: bool = True,
    encoder_config: dict[str, Any] | None = None,
    dropout_samples: int = 1,
    head_rate: float = 1.0,
    layer_decay: float = 1.0,
    int8: bool = False,
) -> RelationModel:
    """Build a model that encodes each candidate pair with a transformer (``spacy-biore.RelationModel.v1``).

    Args:
        encoder: Pre-trained encoder: a folder, an installed package that carries one, or a name on the hub.
        cls: Part of the pooling: ``none``, ``raw`` or ``tanh``.
        summary: Part of the pooling: ``none``, ``mean``, ``attention``, ``lstm`` or ``bilstm``.
        entities: Part of the pooling: ``none``, ``start`` or ``max``.
        input_style: How a pair is shown: ``anonymised``, ``marked``, or ``shared``: with all pairs of its text.
        context: Number of sentences shown before and after those of the pair.
        max_length: Word pieces an instance; longer text is cut around the pair.
        dropout: Dropout before the classifier.
        batch_tokens: Word pieces a batch, padding included.
        mixed_precision: Compute in bfloat16 where the CPU or GPU has it.
        encoder_config: Values of the encoder's own configuration to change, such as its dropout.
        dropout_samples: Times that dropout before the classifier is drawn for each pair in training.
        head_rate: Factor on the learning rate of pooling and classifier.
        layer_decay: Factor on the learning rate from each layer of the encoder to the one below it.
        int8: Predict with 8-bit integers on a CPU.

    Raises:
        BioreError: BR203 for an unknown name; BR206 for a number out of range; when initialized, BR202 for a
            ``max_length`` that the encoder does not have, BR208 for a ``layer_decay`` that it has no layers for.
    """
    if input_style not in INPUT_STYLES:
        raise BioreError(
            Errors.BR203.format(setting="input_style", value=input_style, expected=", ".join(INPUT_STYLES))
        )
    for is_right, setting, value, expected in (
        (max_length >= 16, "max_length", max_length, "at least 16"),
        (context >= 0, "context", context, "at least 0"),
        (batch_tokens >= 1, "batch_tokens", batch_tokens, "at least 1"),
        (0.0 <= dropout < 1.0, "dropout", dropout, "from 0 to below 1"),
        (dropout_samples >= 1, "dropout_samples", dropout_samples, "at least 1"),
        (0.0 < head_rate < math.inf, "head_rate", head_rate, "above 0"),
        (0.0 < layer_decay <= 1.0, "layer_decay", layer_decay, "above 0 and at most 1"),
    ):
        if not is_right:
            raise BioreError(Errors.BR206.format(setting=setting, value=value, expected=expected))
    from .shim import NetworkShim

    shim = NetworkShim(
        pooling={"cls": cls, "summary": summary, "entities": entities},
        dropout=dropout,
        samples=dropout_samples,
        rates={"head_rate": head_rate, "layer_decay": layer_decay},
        budget=batch_tokens,
        max_length=max_length,
        mixed_precision=mixed_precision,
        int8=int8,
    )
    return Model(
        "relation_model",
        forward,
        init=init,
        dims={"nO": None},
        attrs={
            "encoder": encoder,
            "encoder_config": encoder_config or {},
            "input_style": input_style,
            "context": context,
            "max_length": max_length,
            "schema": [],
        },
        shims=[shim],
    )


def init(model: RelationModel, X: ModelInput | None = None, Y: object = None) -> None:
    """Load the encoder and make the layers on it; needs the number of classes and the schema to be set."""
    from .encoders import max_positions

    if model.has_dim("nO") is not True:
        return
    shim = get_shim(model)
    schema = Schema.from_config(model.attrs["schema"])
    _warn_of_hidden_heads(schema, model.attrs["input_style"], shim.cfg["pooling"]["entities"])
    tokens = special_tokens(schema, model.attrs["input_style"])
    shared = model.attrs["input_style"] == "shared"
    shim.build(model.attrs["encoder"], tokens, model.get_dim("nO"), model.attrs["encoder_config"], shared=shared)
    limit = max_positions(shim.network.encoder)
    if model.attrs["max_length"] > limit:
        raise BioreError(Errors.BR202.format(value=model.attrs["max_length"], limit=limit, name=model.attrs["encoder"]))


def forward(model: RelationModel, X: ModelInput, is_train: bool) -> tuple[PairLogits, Callable]:
    """Score all candidate pairs of some docs.

    Returns:
        The scores, and a function that takes their gradient, as ``PairLogits`` too.
    """
    encoded = encode(model, X)
    shim = get_shim(model)
    logits, backprop = shim([pair for _, pair in encoded], is_train)
    rows = np.asarray([row for row, _ in encoded], dtype=np.int64)

    def backprop_pairs(d_scored: PairLogits) -> list[Doc]:
        backprop(d_scored.logits)
        return []

    return PairLogits(np.repeat(rows, shim.network.samples if is_train else 1), logits), backprop_pairs


def encode(model: RelationModel, X: ModelInput) -> list[tuple[int, "EncodedPair"]]:
    """Encode the candidate pairs of some docs that fit into the encoder, each with its row among all candidates."""
    return [(row, pair) for row, pair in enumerate(_encode_all(model, X)) if pair is not None]


def chunk_pairs(model: RelationModel) -> int:
    """Return how many pairs pass through a model at once in an update."""
    texts = max(1, get_shim(model).budget // model.attrs["max_length"])
    return texts * (PAIRS_A_TEXT if model.attrs["input_style"] == "shared" else 1)


def get_shim(model: RelationModel) -> "NetworkShim":
    """Return the torch side of a relation model."""
    return cast("NetworkShim", model.shims[0])


def _warn_of_hidden_heads(schema: Schema, style: InputStyle, entities: str) -> None:
    """Warn of directed labels between mentions of one type if nothing that the model sees tells head from tail."""
    if style == "anonymised" and entities == "none":
        labels = [t.label for t in schema.types if not t.symmetric and set(t.head) & set(t.tail)]
        if labels:
            warnings.warn(Warnings.BRW09.format(labels=", ".join(labels)), stacklevel=5)


def _encode_all(model: RelationModel, X: ModelInput) -> Iterator["EncodedPair | None"]:
    from .pieces import encode_pairs

    attrs, tokenizer = model.attrs, get_shim(model).tokenizer
    for doc, candidates in zip(*X, strict=True):
        instances = make_instances(doc, candidates, style=attrs["input_style"], context=attrs["context"])
        yield from encode_pairs(doc, instances, tokenizer, max_length=attrs["max_length"])


def attention(model: RelationModel, doc: Doc, candidates: Candidates) -> dict[int, list[tuple[Token, float]]]:
    """Return the attention of each candidate pair to the tokens shown with it, by row of the candidates.

    Word pieces of one token are added up. Empty if the summary of the model is not attention.
    """
    encoded = encode(model, ([doc], [candidates]))
    weights = get_shim(model).attention([pair for _, pair in encoded])
    starts = np.asarray([token.idx for token in doc])
    found = {}
    for (row, pair), values in zip(encoded, weights, strict=False):
        totals: dict[int, float] = {}
        for char, value in zip(pair.chars[1:-1], values[1:-1], strict=True):
            token = int(np.searchsorted(starts, char, side="right")) - 1
            totals[token] = totals.get(token, 0.0) + float(value)
        found[row] = [(doc[token], value) for token, value in sorted(totals.items())]
    return found
