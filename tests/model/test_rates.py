"""Learning rates by layer: which parameter stands how high, and what the optimizer makes of it."""

import pytest
import torch
from spacy.language import Language
from thinc.api import Adam, fix_random_seed
from torch import nn

from spacy_biore.errors import BioreError
from spacy_biore.model.rates import encoder_depths, rate_factors


class Encoder(nn.Module):
    """Three layers, of which each holds a shorter list, between embeddings and a last norm."""

    def __init__(self, *, layers: int = 3) -> None:
        super().__init__()
        self.words = nn.Embedding(4, 2)
        self.first_norm = nn.LayerNorm(2)
        self.layer = nn.ModuleList([nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)]) for _ in range(layers)])
        self.positions = nn.Embedding(4, 2)
        self.last_norm = nn.LayerNorm(2)


def learn(nlp: Language, examples: list, **settings) -> dict[str, torch.Tensor]:
    """Update once without weight decay, and return how far each parameter moved: by Adam's first step, its rate."""
    network = nlp.get_pipe("relation_extractor").model.shims[0].network
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    nlp.update(examples, sgd=Adam(0.001, L2=0.0, grad_clip=0.0, eps=1e-12, use_averages=False))
    return {name: (p - before[name]).abs().max() for name, p in network.named_parameters()}


@pytest.fixture
def make_ready(make_nlp, make_example):
    examples = [make_example("[a|CHEMICAL] inhibits [b|GENE] and [c|GENE].", [(0, 1, "INHIBITS")])]

    def make(**settings) -> tuple[Language, list]:
        fix_random_seed(0)
        nlp = make_nlp(model=settings)
        nlp.initialize(lambda: examples)
        return nlp, examples

    return make


def test_depths_follow_the_longest_list():
    depths = encoder_depths(Encoder())
    places = {
        "words": 3,
        "first_norm": 3,
        "positions": 3,
        "layer.0": 2,
        "layer.1": 1,
        "layer.2": 0,
        "last_norm": 0,
    }
    for name, depth in depths.items():
        assert depth == next(value for place, value in places.items() if name.startswith(f"{place}.")), name
    assert depths.keys() == {name for name, _ in Encoder().named_parameters()}


def test_factors(make_ready):
    network = make_ready()[0].get_pipe("relation_extractor").model.shims[0].network
    factors = rate_factors(network, head_rate=5.0, layer_decay=0.5)
    assert factors.keys() == {name for name, _ in network.named_parameters()}
    places = {
        "encoder.embeddings": 0.25,
        "encoder.encoder.layer.0": 0.5,
        "encoder.encoder.layer.1": 1.0,
        "pooling": 5.0,
        "classifier": 5.0,
    }
    for name, factor in factors.items():
        assert factor == next(value for place, value in places.items() if name.startswith(f"{place}.")), name
    assert set(rate_factors(network).values()) == {1.0}


def test_parameters_learn_at_their_rates(make_ready):
    moves = learn(*make_ready(head_rate=5.0, layer_decay=0.5))
    for name, rate in {
        "classifier.weight": 0.005,
        "pooling.summary.query": 0.005,
        "encoder.encoder.layer.1.output.dense.weight": 0.001,
        "encoder.encoder.layer.0.output.dense.bias": 0.0005,
        "encoder.embeddings.word_embeddings.weight": 0.00025,
    }.items():
        assert moves[name].item() == pytest.approx(rate, rel=0.01), name


def test_by_default_there_are_two_groups_weights_first(make_ready):
    nlp, examples = make_ready()
    learn(nlp, examples)
    shim = nlp.get_pipe("relation_extractor").model.shims[0]
    groups = shim._optimizer._adam.param_groups
    parameters = list(shim.network.parameters())
    expected = [[p for p in parameters if p.ndim > 1], [p for p in parameters if p.ndim == 1]]
    assert [[id(p) for p in group["params"]] for group in groups] == [[id(p) for p in part] for part in expected]
    assert [group["lr"] for group in groups] == [0.001, 0.001]


def test_an_encoder_without_layers(make_ready, monkeypatch):
    monkeypatch.setattr("spacy_biore.model.rates.encoder_depths", lambda encoder: encoder_depths(Encoder(layers=0)))
    make_ready(head_rate=2.0)
    with pytest.raises(BioreError, match=r"BR208.*layer_decay is 0\.9.*BertModel"):
        make_ready(layer_decay=0.9)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("head_rate", 0.0), ("head_rate", -1.0), ("layer_decay", 0.0), ("layer_decay", 1.1)],
)
def test_settings_out_of_range(make_nlp, setting: str, value: float):
    with pytest.raises(BioreError, match=f"BR206.*{setting} is {value}"):
        make_nlp(model={setting: value})
