"""How thinc's layers multiply matrices."""

from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from thinc.api import NumpyOps

from spacy_biore.matmul import NUMPY_MATMUL, use_numpy_matmul

TEXT = "Loss of NOLF3 made it worse."


@pytest.fixture
def nlp() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    nlp.initialize()
    return nlp


def uses_blis(nlp: Language) -> set[bool]:
    return {node.ops.use_blis for node in nlp.get_pipe("tok2vec").model.walk()}  # type: ignore[attr-defined]


def test_results_are_the_same(nlp: Language):
    before = nlp(TEXT).tensor
    assert uses_blis(nlp) == {True}
    after = use_numpy_matmul(nlp)(TEXT).tensor
    assert uses_blis(nlp) == {False}
    assert np.abs(before).max() > 0.1
    np.testing.assert_allclose(before, after, atol=1e-5)


def test_a_config_asks_for_it_and_a_loaded_pipeline_keeps_it(nlp: Language, tmp_path: Path):
    nlp.config["nlp"]["after_pipeline_creation"] = {"@callbacks": NUMPY_MATMUL}
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert uses_blis(again) == {False}
    np.testing.assert_allclose(again(TEXT).tensor, nlp(TEXT).tensor, atol=1e-5)


def test_ops_of_a_platform_stay(nlp: Language):
    class PlatformOps(NumpyOps):
        """As those of thinc-apple-ops."""

    for node in nlp.get_pipe("tok2vec").model.walk():  # type: ignore[attr-defined]
        node.ops = PlatformOps()
    use_numpy_matmul(nlp)
    assert uses_blis(nlp) == {True}
