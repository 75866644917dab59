"""How fast thinc's layers multiply matrices on a CPU."""

from collections.abc import Callable

from spacy.language import Language
from thinc.api import Model, NumpyOps

NUMPY_MATMUL = "spacy-biore.NumpyMatmul.v1"


def make_numpy_matmul() -> Callable[[Language], Language]:
    """Make a callback that lets the networks of a pipeline multiply by numpy (``spacy-biore.NumpyMatmul.v1``).

    thinc multiplies by BLIS, on one thread. The library that numpy comes with, such as OpenBLAS, uses all of them and
    is faster on one. Results differ by rounding alone. Networks on a GPU, in torch, or on ops of a platform stay.
    """
    return use_numpy_matmul


def use_numpy_matmul(nlp: Language) -> Language:
    """Let thinc's layers of a pipeline multiply by numpy; returns the pipeline."""
    for _, pipe in nlp.components:
        model = getattr(pipe, "model", None)
        for node in model.walk() if isinstance(model, Model) else ():
            if type(node.ops) is NumpyOps:
                node.ops = NumpyOps(use_blis=False)
    return nlp
