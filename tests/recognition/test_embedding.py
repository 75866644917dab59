"""What recognisers on a transformer read of each token."""

from collections.abc import Callable

import numpy as np
import spacy
from spacy.ml.models.tok2vec import build_hash_embed_cnn_tok2vec
from spacy.tokens import Doc
from thinc.api import Model

from spacy_biore.recognition.embedding import build_context_and_surface

NLP = spacy.blank("en")
DOCS = [NLP("Loss of NOLF3 made it worse."), NLP("Flaxol led to grimpox.")]


def make_listener(gradients: list) -> Model:
    """A network whose backward pass returns None, as that of all listeners of a transformer but the last."""

    def forward(model: Model, docs: list[Doc], is_train: bool) -> tuple[list, Callable]:
        return [np.full((len(doc), 3), 7.0, dtype="f") for doc in docs], gradients.extend

    return Model("listener", forward, dims={"nO": 3})


def test_an_empty_doc_among_others():
    def forward(model: Model, docs: list[Doc], is_train: bool) -> tuple[list, Callable]:
        return [np.ones((len(doc), 3 if len(doc) else 0), dtype="f") for doc in docs], list

    listener = Model("listener", forward, dims={"nO": 3})
    surface = build_hash_embed_cnn_tok2vec(
        width=4, depth=1, embed_size=50, window_size=1, maxout_pieces=2, subword_features=True, pretrained_vectors=None
    )
    model = build_context_and_surface(listener, surface)
    model.initialize(X=DOCS)
    assert [rows.shape for rows in model.predict([NLP(""), *DOCS])] == [(0, 7), (7, 7), (5, 7)]


def test_vectors_are_put_behind_each_other():
    surface = build_hash_embed_cnn_tok2vec(
        width=4, depth=1, embed_size=50, window_size=1, maxout_pieces=2, subword_features=True, pretrained_vectors=None
    )
    gradients: list = []
    model = build_context_and_surface(make_listener(gradients), surface)
    model.initialize(X=DOCS)
    assert model.get_dim("nO") == 7
    vectors, backprop = model.begin_update(DOCS)
    for doc, rows, written in zip(DOCS, vectors, surface.predict(DOCS), strict=True):
        assert rows.shape == (len(doc), 7)
        assert (rows[:, :3] == 7).all() and np.array_equal(rows[:, 3:], written)
    assert backprop([np.tile(np.arange(7, dtype="f"), (len(doc), 1)) for doc in DOCS]) == []
    assert [rows.tolist() for rows in gradients] == [[[0, 1, 2]] * len(doc) for doc in DOCS]
    assert any(node.has_grad(name) for node in surface.walk() for name in node.param_names)
