"""The transformer that recognisers share: spacy-transformers' own, in half precision."""

import gc
import shutil
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from numpy.typing import NDArray
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam
from transformers.utils import ModelOutput

pytest.importorskip("spacy_transformers")

from spacy_biore.errors import BioreError
from spacy_biore.model.encoders import attention_implementation
from spacy_biore.model.shim import has_bfloat16
from spacy_biore.recognition import transformer_shim
from spacy_biore.recognition.transformer import build_transformer

TEXTS = ["The flaxol dose led to grimpox.", "Loss of nolf3 made it worse."]


@pytest.fixture
def make_nlp(tiny_encoder: str) -> Callable[..., Language]:
    """A function that makes an initialized pipeline of a transformer alone."""

    def make(architecture: str, **settings: object) -> Language:
        nlp = spacy.blank("en")
        spans = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 16, "stride": 12}
        model = {"@architectures": architecture, "name": tiny_encoder, "get_spans": spans, **settings}
        nlp.add_pipe("transformer", config={"model": model})
        nlp.initialize(lambda: [Example.from_dict(nlp.make_doc(text), {}) for text in TEXTS])
        return nlp

    return make


def states(docs: Iterable[spacy.tokens.Doc]) -> NDArray[np.float32]:
    """Return the last layers of docs (pieces, width)."""
    return np.vstack([doc._.trf_data.model_output.last_hidden_state.reshape(-1, 32) for doc in docs])


def test_vectors_are_those_of_spacy_transformers(make_nlp: Callable[..., Language]):
    ours, theirs = make_nlp("spacy-biore.TransformerModel.v1"), make_nlp("spacy-transformers.TransformerModel.v3")
    a, b = states(ours.pipe(TEXTS)), states(theirs.pipe(TEXTS))
    assert a.dtype == np.float32
    assert np.abs(a - b).max() < 0.1
    assert np.allclose(a, b, atol=1e-5) != has_bfloat16("cpu")


def test_single_precision_is_the_same_as_without_us(make_nlp: Callable[..., Language]):
    ours = make_nlp("spacy-biore.TransformerModel.v1", mixed_precision=False)
    attention = {"attn_implementation": attention_implementation()}
    theirs = make_nlp("spacy-transformers.TransformerModel.v3", transformer_config=attention)
    assert np.array_equal(states(ours.pipe(TEXTS)), states(theirs.pipe(TEXTS)))


def test_mean_of_the_last_layers(make_nlp: Callable[..., Language]):
    ours = make_nlp("spacy-biore.TransformerModel.v1", mixed_precision=False, layers=2)
    theirs = make_nlp("spacy-transformers.TransformerModel.v3", transformer_config={"output_hidden_states": True})
    layers = [doc._.trf_data.model_output.hidden_states for doc in theirs.pipe(TEXTS)]
    expected = np.vstack([((last + before) / 2).reshape(-1, 32) for *_, before, last in layers])
    assert np.abs(states(ours.pipe(TEXTS)) - expected).max() < 1e-5


def test_layers_learn_what_their_mean_is_told(make_nlp: Callable[..., Language]):
    gradients = []
    for layers in (1, 99):
        nlp = make_nlp("spacy-biore.TransformerModel.v1", mixed_precision=False, layers=layers)
        model = nlp.get_pipe("transformer").model  # type: ignore[attr-defined]
        output, backprop = model.begin_update([nlp.make_doc(text) for text in TEXTS])
        ones = ModelOutput(last_hidden_state=torch.ones_like(output.model_output.last_hidden_state))
        backprop(replace(output, model_output=ones))
        gradients.append(model.transformer.embeddings.word_embeddings.weight.grad.abs().sum().item())
    assert gradients[1] != pytest.approx(gradients[0]) and min(gradients) > 0


@pytest.mark.parametrize("settings", [{"layers": 0}, {"rate": 0.0}])
def test_neither_layers_nor_rate_can_be_none(settings: dict[str, Any]):
    with pytest.raises(BioreError, match="BR614"):
        build_transformer("any", list, **settings)


def test_the_transformer_has_a_learning_rate_of_its_own(make_nlp: Callable[..., Language]):
    steps = []
    for rate in (1.0, 0.25):
        nlp = make_nlp("spacy-biore.TransformerModel.v1", mixed_precision=False, rate=rate)
        model = nlp.get_pipe("transformer").model  # type: ignore[attr-defined]
        weights = model.transformer.embeddings.LayerNorm.bias
        before = weights.detach().clone()
        weights.grad = torch.ones_like(weights)
        optimizer = Adam(0.01, L2=0)
        model.finish_update(optimizer)
        steps.append((before - model.transformer.embeddings.LayerNorm.bias).detach().numpy())
        assert optimizer.learn_rate == 0.01
    np.testing.assert_allclose(steps[1], steps[0] / 4, rtol=1e-4)


@pytest.mark.parametrize("train_embeddings", [True, False])
def test_vectors_of_the_vocabulary_learn_unless_told_otherwise(
    make_nlp: Callable[..., Language], train_embeddings: bool
):
    nlp = make_nlp("spacy-biore.TransformerModel.v1", mixed_precision=False, train_embeddings=train_embeddings)
    model = nlp.get_pipe("transformer").model  # type: ignore[attr-defined]
    layers = model.transformer
    watched = [layers.embeddings.word_embeddings.weight, layers.embeddings.position_embeddings.weight]
    before = [weights.detach().clone() for weights in watched]
    output, backprop = model.begin_update([nlp.make_doc(text) for text in TEXTS])
    ones = ModelOutput(last_hidden_state=torch.ones_like(output.model_output.last_hidden_state).tril())
    backprop(replace(output, model_output=ones))
    model.finish_update(Adam(0.01))
    changed = [not torch.equal(*pair) for pair in zip(before, watched, strict=True)]
    assert changed == [train_embeddings, True]


def test_updates_leave_no_tensors_behind(make_nlp: Callable[..., Language]):
    model = make_nlp("spacy-biore.TransformerModel.v1").get_pipe("transformer").model  # type: ignore[attr-defined]
    docs = [spacy.blank("en").make_doc(text) for text in TEXTS]
    optimizer = Adam(0.01)
    weights = model.transformer.embeddings.LayerNorm.bias
    numbers, values = [], []
    for _ in range(5):
        output, backprop = model.begin_update(docs)
        ones = ModelOutput(last_hidden_state=torch.ones_like(output.model_output.last_hidden_state).tril())
        backprop(replace(output, model_output=ones))
        model.finish_update(optimizer)
        del output, backprop, ones
        gc.collect()
        numbers.append(sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects()))
        values.append(weights.tolist())
    assert numbers[-1] == numbers[1]
    assert all(before != after for before, after in pairwise(values))


def test_attention_is_the_one_that_learns_fastest_unless_told_otherwise(make_nlp: Callable[..., Language]):
    for asked, expected in (({}, "eager"), ({"attn_implementation": "sdpa"}, "sdpa")):
        nlp = make_nlp("spacy-biore.TransformerModel.v1", transformer_config=asked)
        assert nlp.get_pipe("transformer").model.transformer.config._attn_implementation == expected  # type: ignore[attr-defined]


def test_encoder_of_an_installed_package(
    make_nlp: Callable[..., Language], tiny_encoder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package = tmp_path / "biore_test_encoder"
    shutil.copytree(tiny_encoder, package / "model")
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    of_package = make_nlp("spacy-biore.TransformerModel.v1", name=package.name)
    of_folder = make_nlp("spacy-biore.TransformerModel.v1")
    assert np.array_equal(states(of_package.pipe(TEXTS)), states(of_folder.pipe(TEXTS)))
    assert str(tmp_path).encode() not in of_package.to_bytes()


@pytest.mark.parametrize("name", ["./not/there", "no_such_encoder_anywhere"])
def test_missing_encoder_is_named_with_where_it_was_sought(make_nlp: Callable[..., Language], name: str):
    with pytest.raises(BioreError, match=f"BR200.*{name}"):
        make_nlp("spacy-biore.TransformerModel.v1", name=name)


def test_saved_model_computes_the_same(make_nlp: Callable[..., Language]):
    nlp = make_nlp("spacy-biore.TransformerModel.v1")
    again = spacy.blank("en")
    again.add_pipe("transformer", config={"model": nlp.config["components"]["transformer"]["model"]})
    again.from_bytes(nlp.to_bytes())
    assert np.array_equal(states(nlp.pipe(TEXTS)), states(again.pipe(TEXTS)))


@pytest.mark.parametrize("extra", [{}, {"output_hidden_states": True}])
def test_long_texts_pass_through_the_transformer_in_runs(
    make_nlp: Callable[..., Language], extra: dict[str, bool], monkeypatch: pytest.MonkeyPatch
):
    nlp = make_nlp("spacy-biore.TransformerModel.v1", mixed_precision=False, transformer_config=extra)
    network = nlp.get_pipe("transformer").model.transformer  # type: ignore[attr-defined]
    rows: list[int] = []
    network.register_forward_pre_hook(lambda _, args, kwargs: rows.append(len(kwargs["input_ids"])), with_kwargs=True)
    text = " ".join(TEXTS) * 40
    monkeypatch.setattr(transformer_shim, "MAX_ROWS", 1000)
    [at_once] = nlp.pipe([text])
    monkeypatch.setattr(transformer_shim, "MAX_ROWS", 2)
    [in_runs] = nlp.pipe([text])
    assert rows[0] == sum(rows[1:]) > 2 and set(rows[1:-1]) == {2} and 0 < rows[-1] <= 2
    expected, found = (doc._.trf_data.model_output for doc in (at_once, in_runs))
    assert expected.keys() == found.keys()
    for values, others in zip(expected.to_tuple(), found.to_tuple(), strict=True):
        np.testing.assert_allclose(np.stack(others), np.stack(values), atol=1e-5)


def test_several_processes_after_torch_was_used(
    make_nlp: Callable[..., Language], deadline: Callable[[int], AbstractContextManager[None]]
):
    nlp = make_nlp("spacy-biore.TransformerModel.v1")
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        torch.randn(600, 600) @ torch.randn(600, 600)
        expected = [doc._.trf_data.model_output.last_hidden_state.shape for doc in nlp.pipe(TEXTS * 3)]
        with deadline(120):
            docs = list(nlp.pipe(TEXTS * 3, n_process=2, batch_size=2))
        assert [doc._.trf_data.model_output.last_hidden_state.shape for doc in docs] == expected
    finally:
        torch.set_num_threads(threads)
