"""What recognisers on a transformer read of each token: its context, and how it is written."""

from collections.abc import Callable, Sequence

from spacy.tokens import Doc
from thinc.api import Model, concatenate
from thinc.types import Floats2d

Embedding = Model[list[Doc], list[Floats2d]]


def build_context_and_surface(context: Embedding, surface: Embedding) -> Embedding:
    """Put the vectors of two networks behind each other (``spacy-biore.ContextAndSurface.v1``).

    An uncased encoder does not see the case of a name, and one of the general domain cuts it into many pieces; a small
    network on prefix, suffix and shape sees both. thinc's ``concatenate.v1`` does the same, but not if several
    recognisers listen to one transformer.

    Args:
        context: For example ``spacy-transformers.TransformerListener.v1``.
        surface: For example ``spacy.Tok2Vec.v2``.

    Returns:
        A model from docs to a list of vectors (tokens, width of context + width of surface).
    """
    return concatenate(_ended(context), surface)


def _ended(layer: Embedding) -> Embedding:
    """Wrap a listener, whose output can't be put together as it is.

    What its backward pass returns depends on its place among the listeners, and may be None. Its vectors of an empty
    doc have no width.
    """
    return Model(f"ended({layer.name})", _forward, init=_initialize, layers=[layer], dims={"nO": None})


def _forward(model: Embedding, docs: list[Doc], is_train: bool) -> tuple[list[Floats2d], Callable]:
    vectors, backprop = model.layers[0](docs, is_train)

    def backprop_to_docs(gradient: list[Floats2d]) -> list[Doc]:
        backprop(gradient)
        return []

    width = max((rows.shape[1] for rows in vectors), default=0)
    return [rows if len(rows) else model.ops.alloc2f(0, width) for rows in vectors], backprop_to_docs


def _initialize(model: Embedding, X: Sequence[Doc] | None = None, Y: list[Floats2d] | None = None) -> None:
    [layer] = model.layers
    layer.initialize(X=X, Y=Y)
    if layer.has_dim("nO"):
        model.set_dim("nO", layer.get_dim("nO"))
