"""Putting one kind of layer in the place of another."""

from torch import nn

from spacy_biore.model.replacing import replace_layers


class Special(nn.Linear):
    """A subclass, which may do something else."""


def test_layers_of_the_kind_are_replaced_wherever_they_are():
    module = nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 2)), Special(2, 2))
    replace_layers(module, nn.Linear, lambda layer: nn.Identity())
    assert [type(part) for part in (module[0], *module[1], module[2])] == [nn.Identity, nn.ReLU, nn.Identity, Special]


def test_new_layer_is_made_from_the_old_one():
    module = nn.Sequential(nn.Linear(4, 3))
    replace_layers(module, nn.Linear, lambda layer: nn.Linear(layer.in_features, 7))
    assert (module[0].in_features, module[0].out_features) == (4, 7)
