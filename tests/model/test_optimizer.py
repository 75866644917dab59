"""The optimizer: plain AdamW, steered by thinc's settings."""

import pytest
import torch
from thinc.api import SGD, Adam, RAdam, compounding
from torch import nn

from spacy_biore.errors import BioreError
from spacy_biore.model.optimizer import NetworkOptimizer


def make_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2))


def give_gradients(*networks: nn.Module, scale: float = 1.0, seed: int = 1) -> None:
    for network in networks:
        generator = torch.Generator().manual_seed(seed)
        for parameter in network.parameters():
            parameter.grad = scale * torch.randn(parameter.shape, generator=generator)


def settings(**changes) -> Adam:
    return Adam(**{"learn_rate": 0.01, "L2": 0.1, "grad_clip": 0.0, "use_averages": False, **changes})


@pytest.mark.parametrize("grad_clip", [0.0, 0.5])
def test_steps_are_those_of_torch(grad_clip: float):
    ours, theirs = make_network(), make_network()
    weights = [p for p in theirs.parameters() if p.ndim > 1]
    others = [p for p in theirs.parameters() if p.ndim == 1]
    adam = torch.optim.AdamW(
        [{"params": weights, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
        lr=0.01,
        betas=(0.9, 0.999),
        eps=1e-8,
    )
    optimizer, sgd = NetworkOptimizer(ours, 0), settings(grad_clip=grad_clip)
    for step in range(4):
        give_gradients(ours, theirs, seed=step)
        optimizer.step(sgd)
        if grad_clip:
            # The norm of the whole gradient, not that of each parameter.
            nn.utils.clip_grad_norm_(theirs.parameters(), grad_clip)
        adam.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_schedules_apply():
    network = make_network()
    optimizer, sgd = NetworkOptimizer(network, 0), settings(learn_rate=compounding(0.1, 1.0, 2.0), L2=0.0)
    moves = []
    for _ in range(2):
        before = network[0].weight.detach().clone()
        give_gradients(network, scale=1.0)
        optimizer.step(sgd)
        sgd.step_schedules()
        moves.append((network[0].weight - before).abs().max().item())
    assert moves == pytest.approx([0.1, 0.2], rel=1e-3)


def test_decay_spares_biases_and_norms():
    network = make_network()
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    give_gradients(network, scale=0.0)
    NetworkOptimizer(network, 0).step(settings())
    changed = {name for name, p in network.named_parameters() if not torch.equal(p, before[name])}
    assert changed == {"0.weight", "2.weight"}


def test_gradients_are_cleared():
    network = make_network()
    give_gradients(network)
    NetworkOptimizer(network, 0).step(settings())
    assert all(p.grad is None or not p.grad.any() for p in network.parameters())


def test_without_gradients_nothing_changes():
    network, untouched = make_network(), make_network()
    optimizer = NetworkOptimizer(network, 0)
    optimizer.step(settings())
    for one, other in zip(network.parameters(), untouched.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    "other", [SGD(0.01), RAdam(0.01), settings(L2_is_weight_decay=False)], ids=["sgd", "radam", "l2"]
)
def test_another_optimizer_is_an_error(other):
    network = make_network()
    give_gradients(network)
    with pytest.raises(BioreError, match="BR034"):
        NetworkOptimizer(network, 0).step(other)


def test_another_optimizer_has_averages_of_its_own():
    network = make_network()
    optimizer = NetworkOptimizer(network, 0)
    first, second = (settings(use_averages=True) for _ in range(2))
    for sgd in (first, first, second):
        give_gradients(network)
        optimizer.step(sgd)
    for name, parameter in network.named_parameters():
        assert torch.equal(second.averages[0, name], parameter)
        assert not torch.equal(first.averages[0, name], parameter)
