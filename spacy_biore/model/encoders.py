"""Where an encoder comes from: a local folder, an installed package, or the hub."""

import difflib
import importlib.util
import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from huggingface_hub import snapshot_download
from safetensors import SafetensorError
from thinc.api import get_torch_default_device
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from ..errors import BioreError, Errors
from .pieces import PieceTokenizer

# What transformers raises for an encoder that is not there, incomplete or of an unknown kind.
LOADING_ERRORS = (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError, TypeError, ArithmeticError)
# The special tokens that every input has.
FRAME = ("cls", "sep", "pad")
# Characters that a message keeps of what transformers said.
PROBLEM_LENGTH = 200


class LoadedEncoder(NamedTuple):
    """An encoder without its own pooler, the weights of that pooler if it had one, and its tokenizer."""

    transformer: PreTrainedModel
    pooler: dict[str, torch.Tensor] | None
    tokenizer: PieceTokenizer


def load_encoder(
    name: str, special_tokens: Mapping[str, str], settings: Mapping[str, Any] | None = None
) -> LoadedEncoder:
    """Load a pre-trained encoder and add special tokens to its vocabulary.

    Args:
        name: A folder, an installed package that carries a model, or a name on the hub.
        special_tokens: Each token with a text that says what it stands for. The mean of the embeddings of that text's
            pieces is the token's first embedding, so that a new token starts from what it means.
        settings: Values of the encoder's own configuration to change.

    Raises:
        BioreError: BR200 if the encoder is not found or can't be read; BR201 if it has no fast tokenizer, and BR211 if
            that has no special token that every input needs; BR212 if it does not encode as BERT does; BR205 for
            settings that the encoder does not have; BR207 for values of settings with which it can't be loaded.
    """
    source = find_encoder(name)
    try:
        config = AutoConfig.from_pretrained(source)
        _check_settings(config, settings or {}, name)
        transformer = AutoModel.from_pretrained(
            source, attn_implementation=attention_implementation(), **settings or {}
        )
        tokenizer = AutoTokenizer.from_pretrained(source)
    except BioreError:
        raise
    except LOADING_ERRORS as error:
        if settings and _can_be_loaded(source):
            problem = _shortened(error)
            raise BioreError(Errors.BR207.format(name=name, settings=dict(settings), problem=problem)) from error
        raise encoder_not_found(name, error) from error
    if not tokenizer.is_fast:
        raise BioreError(Errors.BR201.format(name=name))
    if missing := [token for token in FRAME if getattr(tokenizer, f"{token}_token_id") is None]:
        raise BioreError(Errors.BR211.format(name=name, missing=", ".join(missing)))
    _add_special_tokens(transformer, tokenizer, special_tokens)
    pooler = getattr(transformer, "pooler", None)
    weights = {key: value.detach().clone() for key, value in pooler.state_dict().items()} if pooler else None
    if pooler is not None:
        transformer.pooler = None
    pieces = _piece_tokenizer(tokenizer)
    _check_last_layer(transformer, pieces, name)
    return LoadedEncoder(transformer, weights, pieces)


def fetch_encoder(name: str, patterns: Sequence[str]) -> Path:
    """Return the folder of an encoder, downloaded from the hub if need be.

    Args:
        name: A folder, an installed package that carries a model, or a name on the hub.
        patterns: The files to download.

    Raises:
        BioreError: BR200 if there is none.
    """
    source = find_encoder(name)
    if Path(source).is_dir():
        return Path(source)
    try:
        return Path(snapshot_download(source, allow_patterns=list(patterns)))
    except (OSError, ValueError) as error:
        raise encoder_not_found(name, error) from error


def find_encoder(name: str) -> str:
    """Return the folder that a name stands for, or the name itself where only the hub can know it.

    Raises:
        BioreError: BR200 for the path of a folder that is not there.
    """
    if Path(name).is_dir():
        return name
    folder = _package_folder(name)
    if not folder and _is_path(name):
        raise BioreError(Errors.BR200.format(name=name, tried=_tried_folder(name)))
    return str(folder) if folder else name


def encoder_not_found(name: str, error: Exception) -> BioreError:
    """Return BR200, which says where an encoder was looked for, and what is wrong with what was found there."""
    source, problem = Path(find_encoder(name)), _shortened(error)
    if source.is_dir():
        tried = f"the folder {source.absolute()}: no model in it that can be read ({problem})"
    else:
        tried = f"{_tried_folder(name)}; the installed package '{name}': none with a model; the hub: {problem}"
    return BioreError(Errors.BR200.format(name=name, tried=tried))


def attention_implementation(device: str | None = None) -> str | None:
    """Return the implementation of attention that learns fastest on a device; None for transformers' choice.

    Args:
        device: Its type, as torch names it; None for the device that thinc uses.
    """
    return "eager" if (device or get_torch_default_device().type) == "cpu" else None


def max_positions(transformer: PreTrainedModel) -> int:
    """Return the longest input of an encoder, in word pieces."""
    table = _position_table(transformer)
    if table is None:
        known = getattr(transformer.config, "max_position_embeddings", None)
        return known if known and known > 0 else sys.maxsize
    return table.num_embeddings - first_position(transformer)


def first_position(transformer: PreTrainedModel) -> int:
    """Return the position of an encoder's first piece: encoders of the RoBERTa family keep some for padding."""
    table = _position_table(transformer)
    return 0 if table is None or table.padding_idx is None else table.padding_idx + 1


def _position_table(transformer: PreTrainedModel) -> torch.nn.Embedding | None:
    return getattr(getattr(transformer, "embeddings", None), "position_embeddings", None)


def _check_settings(config: PretrainedConfig, settings: Mapping[str, Any], name: str) -> None:
    known = sorted(config.to_dict())
    if unknown := sorted(set(settings) - set(known)):
        raise BioreError(Errors.BR205.format(name=name, settings=", ".join(unknown), known=", ".join(known)))


def _check_last_layer(transformer: PreTrainedModel, tokenizer: PieceTokenizer, name: str) -> None:
    """Try the shortest input: an encoder must take masked pieces, do without its pooler, and give one state a piece."""
    ids = torch.tensor([[tokenizer.cls_id, tokenizer.sep_id]])
    try:
        with torch.no_grad():
            states = transformer(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        if states.shape[:-1] != ids.shape:
            raise ValueError("its last layer has not one state for each word piece")
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
        kind, problem = type(transformer).__name__, _shortened(error)
        raise BioreError(Errors.BR212.format(name=name, kind=kind, problem=problem)) from error


def _is_path(name: str) -> bool:
    """Say whether a name can only be that of a folder: a hub name has one slash at most."""
    return Path(name).is_absolute() or name.startswith(".") or name.count("/") > 1


def _package_folder(name: str) -> Path | None:
    """Find a model in an installed package: beside its ``__init__`` or one folder down."""
    if not name.isidentifier():
        return None
    spec = importlib.util.find_spec(name)
    for root in (spec.submodule_search_locations or []) if spec else []:
        for config in sorted([*Path(root).glob("config.json"), *Path(root).glob("*/config.json")]):
            if "model_type" in json.loads(config.read_text(encoding="utf8")):
                return config.parent
    return None


def _can_be_loaded(source: str) -> bool:
    """Say whether an encoder and its tokenizer are there and whole, whatever else was asked of them."""
    try:
        AutoModel.from_pretrained(source)
        AutoTokenizer.from_pretrained(source)
    except LOADING_ERRORS:
        return False
    return True


def _shortened(error: Exception) -> str:
    """Return what transformers says without its lists of everything that it knows."""
    return textwrap.shorten(str(error).rstrip(".\n"), PROBLEM_LENGTH, placeholder=" ...")


def _tried_folder(name: str) -> str:
    path = Path(name)
    beside = [str(other) for other in path.parent.glob("*") if other.is_dir()]
    similar = difflib.get_close_matches(name, beside, n=1)
    return f"the folder {path.absolute()}: not there" + (f" (did you mean {similar[0]}?)" if similar else "")


def _add_special_tokens(
    transformer: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, special_tokens: Mapping[str, str]
) -> None:
    # One that the encoder knows already, as from its pre-training, keeps what was learned for it.
    known = tokenizer.get_vocab()
    described = {
        token: tokenizer(text.lower(), add_special_tokens=False)["input_ids"]
        for token, text in special_tokens.items()
        if token not in known
    }
    tokenizer.add_special_tokens(
        {"additional_special_tokens": list(special_tokens)}, replace_additional_special_tokens=False
    )
    transformer.resize_token_embeddings(max(len(tokenizer), transformer.config.vocab_size), mean_resizing=False)
    embeddings = transformer.get_input_embeddings().weight
    with torch.no_grad():
        for token, pieces in described.items():
            if pieces:
                embeddings[tokenizer.convert_tokens_to_ids(token)] = embeddings[pieces].mean(dim=0)


def _piece_tokenizer(tokenizer: PreTrainedTokenizerBase) -> PieceTokenizer:
    return PieceTokenizer.from_json(
        tokenizer.backend_tokenizer.to_str(),
        cls_id=tokenizer.cls_token_id,
        sep_id=tokenizer.sep_token_id,
        pad_id=tokenizer.pad_token_id,
    )
