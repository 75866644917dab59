"""The batcher."""

import random
from collections import Counter

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.training import Example

from spacy_biore.batchers import make_pair_batcher
from spacy_biore.errors import BioreError
from spacy_biore.sampling import TRAINING_PAIRS_KEY, TrainingPair, note_training_pairs, noted_training_pairs

VOCAB = spacy.blank("xx").vocab


def make_examples(sizes: list[int | None]) -> list[Example]:
    """Make an example with so many noted pairs each; None leaves the note out."""
    examples = []
    for i, size in enumerate(sizes):
        doc = Doc(VOCAB, words=[str(i)])
        if size is not None:
            mentions = [((i, j, "H"), (i, j, "T")) for j in range(size)]
            note_training_pairs(doc, [TrainingPair(key, (0, 5 + j % 7)) for j, key in enumerate(mentions)])
        examples.append(Example(doc, Doc(VOCAB, words=[str(i)])))
    return examples


def pairs_of(batch: list[Example]) -> list:
    return [(eg.text, pair.key) for eg in batch for pair in noted_training_pairs(eg.predicted) or ()]


def sentences_of(batch: list[Example]) -> Counter:
    """Count the pairs of every sentence."""
    return Counter((eg.text, pair.sentences) for eg in batch for pair in noted_training_pairs(eg.predicted) or ())


@settings(max_examples=80, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 30), min_size=1, max_size=15),
    size=st.integers(1, 20),
    buffer=st.integers(1, 100),
    shuffle=st.sampled_from(["instance", "sentence", "document"]),
)
def test_every_pair_of_an_epoch_exactly_once(sizes: list[int], size: int, buffer: int, shuffle: str):
    examples = make_examples([*sizes, 3])
    batches = list(make_pair_batcher(size, shuffle, buffer)(examples))
    expected = Counter(pairs_of(examples))
    assert Counter(pair for batch in batches for pair in pairs_of(batch)) == expected
    assert all(len({eg.text for eg in batch}) == len(batch) for batch in batches), "one example, twice in a batch"
    if shuffle == "instance":
        assert all(1 <= len(pairs_of(batch)) <= size for batch in batches)
    elif shuffle == "sentence":
        sentences = [sentences_of(batch) for batch in batches]
        assert sum(len(found) for found in sentences) == len(sentences_of(examples)), "a sentence in two batches"
        assert all(sum(found.values()) - max(found.values()) < size for found in sentences)
    else:
        assert sum(len(batch) for batch in batches) == len(examples)
        # A batch is closed by the document that fills it.
        assert all(len(pairs_of(batch)) - max(len(pairs_of([eg])) for eg in batch) < size for batch in batches)


def test_batches_are_full_and_the_examples_untouched():
    examples = make_examples([10, 0, 25, 5])
    batches = list(make_pair_batcher(8)(examples))
    assert sorted(len(pairs_of(batch)) for batch in batches) == [8, 8, 8, 8, 8]
    assert [len(noted_training_pairs(eg.predicted)) for eg in examples] == [10, 0, 25, 5]


def test_examples_without_a_note_count_one_each():
    batches = list(make_pair_batcher(2)(make_examples([None] * 5)))
    assert sorted(len(batch) for batch in batches) == [1, 2, 2]
    assert all(TRAINING_PAIRS_KEY not in eg.predicted.user_data for batch in batches for eg in batch)


@pytest.mark.parametrize("shuffle", ["instance", "sentence", "document"])
def test_order_is_that_of_the_seed(shuffle: str):
    orders = []
    for seed in (1, 1, 2):
        random.seed(seed)
        orders.append([pairs_of(batch) for batch in make_pair_batcher(4, shuffle)(make_examples([5] * 12))])
    assert orders[0] == orders[1] != orders[2]


def test_pairs_of_one_batch_have_similar_lengths():
    lengths = []
    for batch in make_pair_batcher(10)(make_examples([7] * 30)):
        found = {pair.n_tokens for eg in batch for pair in noted_training_pairs(eg.predicted)}
        lengths.append(max(found) - min(found))
    assert max(lengths) <= 1


@pytest.mark.parametrize("shuffle", ["instance", "sentence", "document"])
def test_epoch_without_pairs_is_an_error_and_no_endless_loop(shuffle: str):
    with pytest.raises(BioreError, match="BR033"):
        list(make_pair_batcher(shuffle=shuffle)(make_examples([0, 0])))


@pytest.mark.parametrize("config", [{"size": 0}, {"buffer": 0}, {"shuffle": "pairs"}])
def test_batcher_setting_out_of_range(config):
    with pytest.raises(BioreError, match=f"BR032.*{next(iter(config))}"):
        make_pair_batcher(**config)
