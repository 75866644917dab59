"""spacy-transformers' model, which recognisers share, in half precision on a CPU too.

spaCy imports this module to look up its registered function, so torch and spacy-transformers are imported only where a
model is built.
"""

from collections.abc import Callable
from typing import Any

from thinc.api import Model

from ..errors import BioreError, Errors


def build_transformer(
    name: str,
    get_spans: Callable,
    layers: int = 1,
    rate: float = 1.0,
    train_embeddings: bool = True,
    tokenizer_config: dict[str, Any] | None = None,
    transformer_config: dict[str, Any] | None = None,
    mixed_precision: bool = True,
    grad_scaler_config: dict[str, Any] | None = None,
) -> Model:
    """Build the model of a ``transformer`` component (``spacy-biore.TransformerModel.v1``).

    It is ``spacy-transformers.TransformerModel.v3`` with the same settings and the same saved form. There,
    ``mixed_precision`` is for GPUs; here it also makes a CPU that has bfloat16 compute in it, and dropout costs a CPU
    less (see ``ByteDropout``), and attention is what learns fastest on the device. ``layers``, ``rate`` and
    ``train_embeddings`` are ours.

    Args:
        name: Pre-trained encoder: a folder, an installed package that carries a model, or a name on the hub.
        get_spans: Cuts docs into pieces of a length that the encoder can take.
        layers: The vector of a word piece is the mean of so many of the last layers, or of all if there are fewer.
        rate: Learning rate of the transformer, as a multiple of that of the recognisers, which begin untrained.
        train_embeddings: Learn the vectors of the vocabulary as well, not only the layers above them.
        tokenizer_config: Settings of its tokenizer.
        transformer_config: Values of its configuration to change.
        mixed_precision: Compute in half precision where the device has it.
        grad_scaler_config: Settings of the scaling of gradients on a GPU.

    Returns:
        A model from docs to a batch of word-piece vectors.

    Raises:
        BioreError: BR614 if ``layers`` is less than 1 or ``rate`` not above 0; BR200, when the model is initialized, if
            the encoder is not found or can't be read.
    """
    if layers < 1 or rate <= 0:
        raise BioreError(Errors.BR614.format(layers=layers, rate=rate))
    from spacy_transformers.layers import TransformerModel

    from ..model.encoders import attention_implementation
    from .transformer_shim import HalfPrecisionShim

    settings = {"attn_implementation": attention_implementation(), **(transformer_config or {})}
    model = TransformerModel(name, get_spans, tokenizer_config or {}, settings)
    model.init = _initialize
    [wrapper] = model.layers
    known = wrapper.shims[0]._hfmodel  # type: ignore[attr-defined]
    wrapper.shims[0] = HalfPrecisionShim(
        known,
        layers=layers,
        rate=rate,
        train_embeddings=train_embeddings,
        mixed_precision=mixed_precision,
        grad_scaler_config=grad_scaler_config or {},
    )
    return model


def _initialize(model: Any, X: Any = None, Y: Any = None) -> None:
    from spacy_transformers.layers.transformer_model import init

    from ..model.encoders import encoder_not_found, find_encoder

    if model.attrs["has_transformer"]:
        return
    name = model.attrs["name"]
    model.attrs["name"] = find_encoder(name)
    try:
        init(model, X, Y)
    except OSError as error:
        raise encoder_not_found(name, error) from error
    # What is saved with the model shall not name a folder of this machine, where the user did not.
    model.attrs["name"] = model.transformer.config._name_or_path = model.tokenizer.name_or_path = name
    model.tokenizer.init_kwargs["name_or_path"] = name
