"""Weights in half precision on disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_biore.assembly.half_precision import half_precision_weights
from spacy_biore.errors import BioreError

TEXT = "Aspirin blocks ptgs and cyp."


def network_of(nlp: Language, name: str) -> torch.nn.Module:
    """Return the torch network of a component."""
    model: Any = nlp.get_pipe(name).model  # type: ignore[attr-defined]
    [network] = [shim._model for node in model.walk() for shim in node.shims]
    return network


def dtypes(network: torch.nn.Module) -> set[torch.dtype]:
    return {values.dtype for values in network.state_dict().values()}


def save_both(nlp: Language, folder: Path) -> tuple[Language, Language]:
    """Save a pipeline in both precisions, and load both."""
    nlp.to_disk(folder / "single")
    with half_precision_weights(nlp):
        nlp.to_disk(folder / "half")
    return spacy.load(folder / "single"), spacy.load(folder / "half")


def weights_size(folder: Path, name: str) -> int:
    return (folder / name / "model").stat().st_size


def halved(folder: Path, name: str, network: torch.nn.Module) -> bool:
    """Say whether a file is smaller by two bytes a weight; the tokenizer in it and headers stay."""
    n_weights = sum(values.numel() for values in network.state_dict().values() if values.is_floating_point())
    saved = weights_size(folder / "single", name) - weights_size(folder / "half", name)
    return abs(saved - 2 * n_weights) < 0.02 * n_weights


@pytest.fixture
def fresh(relation_path: Path) -> Language:
    """The relation pipeline, for this test alone."""
    return spacy.load(relation_path)


@pytest.fixture(scope="module", params=["spacy-transformers.TransformerModel.v3", "spacy-biore.TransformerModel.v1"])
def transformer_nlp(request: pytest.FixtureRequest, tiny_encoder: str) -> Language:
    """A recogniser on a transformer of spacy-transformers, trained for some steps."""
    pytest.importorskip("spacy_transformers")
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    spans = {"@span_getters": "spacy-transformers.doc_spans.v1"}
    model = {"@architectures": request.param, "name": tiny_encoder, "get_spans": spans, "mixed_precision": False}
    nlp.add_pipe("transformer", config={"model": model})
    listener = {"@architectures": "spacy-transformers.TransformerListener.v1", "pooling": {"@layers": "reduce_mean.v1"}}
    nlp.add_pipe("ner", config={"model": {"tok2vec": {**listener, "grad_factor": 1.0}, "use_upper": False}})
    entities = {"entities": [(0, 7, "CHEMICAL"), (15, 19, "GENE"), (24, 27, "GENE")]}
    examples = [Example.from_dict(nlp.make_doc(TEXT), entities)]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(40):
        nlp.update(examples, sgd=optimizer)
    return nlp


def test_relation_extractor_is_half_as_big_and_predicts_the_same(
    fresh: Language, make_doc: Callable[..., Doc], tmp_path: Path
):
    single, half = save_both(fresh, tmp_path)
    network = network_of(half, "relation_extractor")
    assert dtypes(network) == {torch.float32}
    assert halved(tmp_path, "relation_extractor", network)
    doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] and [cyp|GENE] .")
    expected, found = ([r["score"] for r in nlp(doc.copy())._.relation_records] for nlp in (single, half))
    assert len(found) == 3
    np.testing.assert_allclose(found, expected, atol=5e-3)


def test_transformer_is_half_as_big_and_predicts_the_same(transformer_nlp: Language, tmp_path: Path):
    single, half = save_both(transformer_nlp, tmp_path)
    network = network_of(half, "transformer")
    assert torch.float32 in dtypes(network) and torch.float16 not in dtypes(network)
    assert halved(tmp_path, "transformer", network)
    docs = [nlp(TEXT) for nlp in (single, half)]
    expected, found = (doc._.trf_data.model_output.last_hidden_state for doc in docs)
    np.testing.assert_allclose(found, expected, atol=2e-2)
    assert [(e.text, e.label_) for e in docs[1].ents] == [(e.text, e.label_) for e in docs[0].ents] != []


def test_layers_of_thinc_stay_as_they_are(transformer_nlp: Language, tmp_path: Path):
    save_both(transformer_nlp, tmp_path)
    single, half = ((tmp_path / precision / "ner" / "model").read_bytes() for precision in ("single", "half"))
    assert single == half


def test_pipeline_in_memory_becomes_what_was_saved(fresh: Language, tmp_path: Path):
    _, half = save_both(fresh, tmp_path)
    kept = network_of(fresh, "relation_extractor").state_dict()
    for name, values in network_of(half, "relation_extractor").state_dict().items():
        assert kept[name].dtype == torch.float32 and torch.equal(kept[name], values)


def test_predictions_are_those_of_the_rounded_weights_afterwards(
    fresh: Language, make_doc: Callable[..., Doc], monkeypatch: pytest.MonkeyPatch
):
    doc = make_doc("[aspirin|CHEMICAL] blocks [ptgs|GENE] .")
    model: Any = fresh.get_pipe("relation_extractor").model  # type: ignore[attr-defined]
    [shim] = model.shims
    monkeypatch.setattr(type(shim), "_is_half", True)
    fresh(doc.copy())
    before = shim.inference_network
    with half_precision_weights(fresh):
        pass
    assert shim.inference_network is not before


def test_files_hold_floats_in_half_precision_and_other_numbers_as_they_were(fresh: Language):
    network = network_of(fresh, "relation_extractor")
    network.register_buffer("steps", torch.tensor([70_000]))
    with half_precision_weights(fresh):
        state = network.state_dict()
        assert state.pop("steps").tolist() == [70_000]
        assert {values.dtype for values in state.values()} == {torch.float16}
    assert network.state_dict()["steps"].tolist() == [70_000]


@pytest.mark.parametrize("value", [70_000.0, -70_000.0, float("inf"), float("nan")])
def test_weight_beyond_the_range_is_an_error_and_changes_nothing(fresh: Language, value: float):
    network: Any = network_of(fresh, "relation_extractor")
    with torch.no_grad():
        network.classifier.bias[0] = value
    with pytest.raises(BioreError, match=r"BR612.*classifier\.bias.*relation_extractor"), half_precision_weights(fresh):
        pass
    assert dtypes(network) == {torch.float32}


def test_pipeline_without_networks_stays(make_recogniser: Callable[..., Language]):
    with half_precision_weights(make_recogniser(["GENE"])) as nothing:
        assert nothing is None
