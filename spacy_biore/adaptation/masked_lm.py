"""The masked language model: an encoder with the head that predicts masked pieces."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import (
    MODEL_FOR_MASKED_LM_MAPPING,
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging

from ..errors import BioreError, Errors
from ..model.encoders import LOADING_ERRORS, attention_implementation, encoder_not_found, find_encoder

# Logits are computed for so many pieces at least, and multiples of that.
CHOSEN_STEP = 64
# What architectures call the dropout inside the encoder.
DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "hidden_dropout", "attention_dropout", "dropout")


class MaskedLM(NamedTuple):
    """A masked language model and its tokenizer.

    Attributes:
        model: Encoder and head.
        tokenizer: Its fast tokenizer.
        has_new_head: Whether the checkpoint had no such head, so that this one has yet to learn.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    has_new_head: bool


def load_masked_lm(name: str) -> MaskedLM:
    """Load an encoder with its masked-LM head; make the head from the embeddings if the checkpoint has none.

    Args:
        name: A folder, an installed package that carries a model, or a name on the hub.

    Raises:
        BioreError: BR200 if there is no such encoder; BR201 if it has no fast tokenizer; BR403 if the tokenizer does
            not match; BR418 if its kind does not predict masked pieces.
    """
    source = find_encoder(name)
    try:
        config = AutoConfig.from_pretrained(source)
        if type(config) not in MODEL_FOR_MASKED_LM_MAPPING:
            raise BioreError(Errors.BR418.format(name=name, kind=config.model_type))
        tokenizer = AutoTokenizer.from_pretrained(source)
        # What is missing in the checkpoint is returned here, and reported by the caller.
        logging.set_verbosity_error()
        model, loading = AutoModelForMaskedLM.from_pretrained(source, output_loading_info=True)
    except BioreError:
        raise
    except LOADING_ERRORS as error:
        raise encoder_not_found(name, error) from error
    if not tokenizer.is_fast:
        raise BioreError(Errors.BR201.format(name=name))
    special = {name: getattr(tokenizer, f"{name}_token") for name in ("mask", "cls", "sep", "pad")}
    if None in special.values() or len(tokenizer) > model.config.vocab_size:
        listed = ", ".join(f"{name}: {token!r}" for name, token in special.items())
        details = {"pieces": len(tokenizer), "embeddings": model.config.vocab_size, "special": listed}
        raise BioreError(Errors.BR403.format(name=name, **details))
    prefix = model.base_model_prefix + "."
    return MaskedLM(model, tokenizer, any(not key.startswith(prefix) for key in loading["missing_keys"]))


def load_to_train(folder: Path, *, dropout: float) -> PreTrainedModel:
    """Load a masked language model with the dropout that it is to be trained with."""
    # The pooler, which a masked language model does not have, is kept in the folder and not missed.
    logging.set_verbosity_error()
    settings = dict.fromkeys(_dropouts(AutoConfig.from_pretrained(folder)), dropout)
    attention = attention_implementation("cuda" if torch.cuda.is_available() else "cpu")
    return AutoModelForMaskedLM.from_pretrained(folder, attn_implementation=attention, **settings)


def restore_dropout(model: PreTrainedModel, folder: Path) -> None:
    """Give a model the dropout of the one in a folder again: whoever trains it next shall find what is usual for it."""
    model.config.update(_dropouts(AutoConfig.from_pretrained(folder)))


def save_with_pooler(model: PreTrainedModel, folder: Path, *, pooler_of: str | Path) -> None:
    """Save a masked language model with the pooler of another checkpoint of its encoder, if that has one.

    A masked language model has none and would lose it. It is what a sentence classifier starts from.

    Args:
        model: The masked language model.
        folder: Where to save it.
        pooler_of: A folder or a name on the hub.
    """
    encoder, loading = AutoModel.from_pretrained(pooler_of, output_loading_info=True)
    pooler = {
        f"{model.base_model_prefix}.{name}": weights
        for name, weights in encoder.state_dict().items()
        if name.startswith("pooler.") and name not in loading["missing_keys"]
    }
    model.save_pretrained(folder, state_dict=model.state_dict() | pooler)


def start_head(model: PreTrainedModel, counts: NDArray[np.int64]) -> None:
    """Let a new head begin with how frequent each piece is, so that it need not learn that first.

    Args:
        model: The masked language model.
        counts: (pieces,) how often each piece occurs in the text.
    """
    bias = getattr(model.get_output_embeddings(), "bias", None)
    if bias is None:
        return
    frequencies = (counts + 1.0) / (counts + 1.0).sum()
    with torch.no_grad():
        bias[: len(frequencies)] = torch.as_tensor(np.log(frequencies), dtype=bias.dtype)


def _dropouts(config: PretrainedConfig) -> dict[str, float]:
    """Return the settings of dropout that an architecture has inside its encoder."""
    return {name: getattr(config, name) for name in DROPOUTS if hasattr(config, name)}


def _filled_up(chosen: Tensor) -> Tensor:
    """Choose further pieces, up to the next step: on a CPU, every new size would take memory that is kept."""
    flat = chosen.flatten()
    missing = -int(flat.sum()) % CHOSEN_STEP
    flat[(~flat).nonzero()[:missing]] = True
    return flat.view_as(chosen)


class MaskedLoss:
    """Computes logits only where something is to be predicted, whatever the architecture.

    The head is most of the work of a small encoder with a large vocabulary, and 85 % of its logits are not used. A hook
    on the encoder hands the head only the states of masked pieces.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self.chosen: Tensor | None = None
        model.base_model.register_forward_hook(self._keep_chosen)

    def __call__(self, model: nn.Module, inputs: dict[str, Tensor]) -> Tensor:
        """Return the mean cross-entropy over the masked pieces, in nats.

        Args:
            model: The masked language model, or what wraps it.
            inputs: As ``MaskingCollator`` makes them.
        """
        labels = inputs["labels"]
        self.chosen = _filled_up(labels >= 0)
        try:
            logits = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
        finally:
            chosen, self.chosen = self.chosen, None
        return nn.functional.cross_entropy(logits[0].float(), labels[chosen])

    def _keep_chosen(self, module: nn.Module, args: Any, output: Any) -> Any:
        if self.chosen is not None:
            output["last_hidden_state"] = output["last_hidden_state"][self.chosen][None]
        return output
