"""A network and its tokenizer as bytes, from which they come back without the hub or the encoder's folder."""

from typing import Any

import safetensors.torch
import srsly
from transformers import AutoConfig, AutoModel

from .encoders import attention_implementation
from .network import RelationNetwork
from .pieces import PieceTokenizer
from .pooling import Pooling

# What is saved of a model that was not initialized.
NOTHING = srsly.msgpack_dumps({"state": b""})


def save_network(network: RelationNetwork, tokenizer: PieceTokenizer, pooling: dict[str, str]) -> bytes:
    """Serialise a network, the names of its pooling's parts, its encoder's configuration and its tokenizer.

    Weights are serialised as safetensors.
    """
    state = {key: value.contiguous().cpu() for key, value in network.state_dict().items()}
    return srsly.msgpack_dumps(
        {
            "encoder": network.encoder.config.to_dict(),
            "pooling": pooling,
            "n_outputs": network.classifier.out_features,
            "tokenizer": tokenizer.backend.to_str(),
            "pieces": {"cls_id": tokenizer.cls_id, "sep_id": tokenizer.sep_id, "pad_id": tokenizer.pad_id},
            "state": safetensors.torch.save(state),
        }
    )


def restore_network(
    data: bytes, pooling: dict[str, str], **head: Any
) -> tuple[RelationNetwork, PieceTokenizer, dict[str, str]]:
    """Rebuild what ``save_network`` made bytes of.

    Parts of the pooling stay as they were trained: some have no weights that could tell that others are asked for.

    Args:
        data: The bytes.
        pooling: Names of the parts of the pooling, as ``Pooling`` takes them, for files that do not have them.
        head: Other settings of ``RelationNetwork``.
    """
    msg = srsly.msgpack_loads(data)
    settings = msg["encoder"]
    config = AutoConfig.for_model(settings.pop("model_type"), **settings)
    encoder = AutoModel.from_config(config, attn_implementation=attention_implementation())
    encoder.pooler = None
    pooling = msg.get("pooling") or pooling
    network = RelationNetwork(encoder, Pooling(config.hidden_size, **pooling), msg["n_outputs"], **head)
    network.load_state_dict(safetensors.torch.load(msg["state"]))
    return network, PieceTokenizer.from_json(msg["tokenizer"], **msg["pieces"]), pooling
