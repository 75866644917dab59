"""Candidate pairs as strings, for a loop that tokenises every pair by an ordinary tokenizer call."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from spacy.tokens import Doc
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from spacy_biore.candidates import Candidates
from spacy_biore.instances import Instance, make_instances
from spacy_biore.model.architecture import RelationModel, get_shim
from spacy_biore.model.pieces import PieceTokenizer


class Place(NamedTuple):
    """Where a special token stands in a text: its id, and how many times the text has it up to there."""

    token_id: int
    count: int


class TextInput(NamedTuple):
    """A pair as text, with the places of the special tokens that delimit head and tail."""

    text: str
    head: tuple[Place, Place]
    tail: tuple[Place, Place]


def text_inputs(model: RelationModel, docs: Sequence[Doc], candidates: Sequence[Candidates]) -> Iterator[TextInput]:
    """Yield every candidate pair in the order of the corpus, shown as the model shows it but not cut to a length."""
    tokenizer, attrs = get_shim(model).tokenizer, model.attrs
    for doc, found in zip(docs, candidates, strict=True):
        for instance in make_instances(doc, found, style=attrs["input_style"], context=attrs["context"]):
            places = _places(instance, tokenizer)
            head, tail = ((places[first], places[last]) for first, last in (instance.head, instance.tail))
            yield TextInput(_write(doc.text, instance), head, tail)


def call_tokenizer(model: RelationModel) -> PreTrainedTokenizerFast:
    """Make the ordinary tokenizer of the encoder."""
    pieces = get_shim(model).tokenizer
    names = {name: pieces.backend.id_to_token(getattr(pieces, f"{name}_id")) for name in ("cls", "sep", "pad")}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=pieces.backend, **{f"{name}_token": token for name, token in names.items()}
    )
    tokenizer.backend_tokenizer.encode_special_tokens = False
    return tokenizer


def find_places(ids: Tensor, places: Sequence[tuple[Place, Place]]) -> Tensor:
    """Return (batch, 2): the positions of a mention's first piece and one past its last; 0 and 1 where it was cut off.

    Args:
        ids: (batch, length) word pieces.
        places: The mention of each row.
    """
    wanted = torch.tensor(places)
    matches = ids[:, None, :] == wanted[:, :, :1]
    matches &= matches.cumsum(dim=2) == wanted[:, :, 1:]
    return matches.int().argmax(dim=2) + torch.tensor([0, 1])


def _write(text: str, instance: Instance) -> str:
    parts, at = [], instance.start
    for edit in instance.edits:
        parts += [text[at : edit.start], edit.token]
        at = edit.end
    return "".join([*parts, text[at : instance.end]])


def _places(instance: Instance, tokenizer: PieceTokenizer) -> list[Place]:
    tokens = [edit.token for edit in instance.edits]
    return [Place(tokenizer.special_id(token), tokens[: i + 1].count(token)) for i, token in enumerate(tokens)]
