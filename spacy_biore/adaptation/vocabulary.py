"""In-domain words as whole pieces of a WordPiece vocabulary."""

import json
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from ..errors import BioreError, Errors
from ..model.pieces import running_text_tokenizer
from .texts import Text

# A word must be seen this often for its piece to be learned.
LEAST_COUNT = 20
BATCH = 256


class Extension(NamedTuple):
    """What new pieces do to a text.

    Attributes:
        words: The words that became pieces.
        before: Pieces a word before.
        after: Pieces a word with them, in the text that they were chosen on.
    """

    words: list[str]
    before: float
    after: float


def count_words(texts: Iterable[Text], tokenizer: Tokenizer) -> Counter[str]:
    """Count the words of a text as the tokenizer normalises and parts them."""
    counts: Counter[str] = Counter()
    for text in texts:
        normal = tokenizer.normalizer.normalize_str(text.text) if tokenizer.normalizer else text.text
        counts.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal))
    return counts


def extend_vocabulary(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, counts: Counter[str], *, size: int
) -> tuple[PreTrainedTokenizerFast, Extension]:
    """Add the words that save the most pieces, and their embeddings: the means of those of their pieces so far.

    Args:
        model: The masked language model; its embeddings grow.
        tokenizer: Its tokenizer; it is not changed.
        counts: How often each word occurs.
        size: Number of words to add, at most.

    Returns:
        The larger tokenizer, and what it does to the text.

    Raises:
        BioreError: BR406 if the vocabulary is not one of WordPiece.
    """
    state = wordpiece_state(tokenizer)
    pieces = _pieces(counts, tokenizer.backend_tokenizer)
    saved = {
        word: (len(ids) - 1) * counts[word]
        for word, ids in pieces.items()
        if len(ids) > 1 and counts[word] >= LEAST_COUNT and word.isalpha()
    }
    words = sorted(saved, key=lambda word: (-saved[word], word))[:size]
    first = len(tokenizer)
    state["model"]["vocab"].update({word: first + i for i, word in enumerate(words)})
    larger = _with_state(tokenizer, state)
    _extend_embeddings(model, first, [pieces[word] for word in words])
    total = counts.total() or 1
    before = sum(len(ids) * counts[word] for word, ids in pieces.items())
    after = sum(len(ids) * counts[word] for word, ids in _pieces(counts, larger.backend_tokenizer).items())
    return larger, Extension(words, before / total, after / total)


def wordpiece_state(tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    """Return what a tokenizer is made of, as JSON data.

    Raises:
        BioreError: BR406 if its vocabulary is not one of WordPiece.
    """
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    if state["model"]["type"] != "WordPiece":
        raise BioreError(Errors.BR406.format(kind=state["model"]["type"]))
    return state


def _pieces(words: Iterable[str], tokenizer: Tokenizer) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    tokenizer = running_text_tokenizer(tokenizer.to_str())
    iterator = iter(words)
    while batch := list(islice(iterator, BATCH)):
        encodings = tokenizer.encode_batch(batch, add_special_tokens=False)
        found.update((word, encoding.ids) for word, encoding in zip(batch, encodings, strict=True))
    return found


def _with_state(tokenizer: PreTrainedTokenizerFast, state: dict[str, Any]) -> PreTrainedTokenizerFast:
    backend = Tokenizer.from_str(json.dumps(state))
    return type(tokenizer)(tokenizer_object=backend, **tokenizer.init_kwargs)


def _extend_embeddings(model: PreTrainedModel, first: int, pieces: list[list[int]]) -> None:
    # There may be more embeddings than pieces already.
    size = max(first + len(pieces), model.get_input_embeddings().num_embeddings)
    model.resize_token_embeddings(size, mean_resizing=False)
    embeddings = model.get_input_embeddings().weight
    bias = getattr(model.get_output_embeddings(), "bias", None)
    with torch.no_grad():
        for row, ids in enumerate(pieces, start=first):
            embeddings[row] = embeddings[ids].mean(dim=0)
            if bias is not None:
                bias[row] = bias[ids].mean()
