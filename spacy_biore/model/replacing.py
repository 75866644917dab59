"""Putting one kind of layer in the place of another."""

from collections.abc import Callable
from typing import TypeVar

from torch import nn

Layer = TypeVar("Layer", bound=nn.Module)


def replace_layers(module: nn.Module, kind: type[Layer], make: Callable[[Layer], nn.Module]) -> None:
    """Put what ``make`` returns in the place of every layer of a kind inside a module; subclasses stay."""
    for name, child in module.named_children():
        if type(child) is kind:
            setattr(module, name, make(child))
        else:
            replace_layers(child, kind, make)
