"""A network's layers from its inputs to its head: what layer-wise rates and gradual unfreezing go along.

Howard & Ruder, "Universal Language Model Fine-tuning" (2018), sections 3.2 and 3.3,
https://arxiv.org/abs/1801.06146: early layers hold what is general, and are moved less, or later.
"""

from collections.abc import Iterator, Sequence

from torch import nn
from torch.nn import Parameter

from .network import Network

__all__ = ["heads_of", "layer_groups", "layer_rates", "train_last", "trained_only"]


def layer_groups(network: Network) -> list[list[Parameter]]:
    """All parameters, in groups: one a layer or block, in the order in which inputs pass them; the head last.

    Containers are taken apart, blocks stay whole. A norm belongs to the layer before it; embeddings, and what
    the network holds itself (a class token), to the first layer; auxiliary heads to the head.
    """
    heads = heads_of(network)
    last = list(dict.fromkeys(parameter for head in heads for parameter in head.parameters()))
    tables = {module.weight for module in network.modules() if isinstance(module, nn.Embedding)}
    taken, groups = set(last), [[]]
    for module in _layers(network, heads):
        fresh = [parameter for parameter in module.parameters() if parameter not in taken]
        taken |= set(fresh)
        matrix = any(parameter.ndim > 1 and parameter not in tables for parameter in fresh)
        if matrix and any(parameter.ndim > 1 for parameter in groups[-1]):
            groups.append(fresh)
        else:
            groups[-1] += fresh
    groups[0] = [parameter for parameter in network.parameters() if parameter not in taken] + groups[0]
    return [group for group in (*groups, last) if group]


def heads_of(network: Network) -> list[nn.Module]:
    """The head, and the auxiliary ones of a network that has such."""
    return [network.head, *(child for name, child in network.named_children() if name == "heads")]


def layer_rates(network: Network, decay: float) -> dict[Parameter, float]:
    """Factor on the learning rate of each parameter: 1 for the head, times `decay` a layer on the way down.

    Args:
        network: whose layers they are.
        decay: in (0, 1]; the paper's 1 / 2.6 is for few, large layers.
    """
    groups = layer_groups(network)
    return {
        parameter: decay ** (len(groups) - 1 - place)
        for place, group in enumerate(groups)
        for parameter in group
    }


def train_last(network: Network, count: int) -> None:
    """Let the last `count` groups learn and hold the others, as after `count - 1` epochs of section 3.3."""
    groups = layer_groups(network)
    for place, group in enumerate(groups):
        for parameter in group:
            parameter.requires_grad_(place >= len(groups) - count)
    trained_only(network)


def trained_only(network: nn.Module) -> None:
    """Keep batch normalization whose weights are frozen from following the batches: it is frozen whole."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) and module.affine:
            module.train(module.training and module.weight.requires_grad)


def _layers(network: Network, heads: Sequence[nn.Module]) -> Iterator[nn.Module]:
    """Modules before the head, containers taken apart; a network that is all of the body is looked into."""
    body = [child for child in _learned(network) if not any(child is head for head in heads)]
    while len(body) == 1 and not _is_stack(body[0]) and _learned(body[0]):
        body = _learned(body[0])
    for child in body:
        yield from _apart(child)


def _learned(module: nn.Module) -> list[nn.Module]:
    """Children with parameters."""
    return [child for child in module.children() if next(child.parameters(), None) is not None]


def _apart(module: nn.Module) -> Iterator[nn.Module]:
    if _is_stack(module):
        for child in module.children():
            yield from _apart(child)
    else:
        yield module


def _is_stack(module: nn.Module) -> bool:
    """Whether it is nothing but its layers one after the other: a container, or a transformer's blocks."""
    if type(module) in (nn.Sequential, nn.ModuleList) or hasattr(module, "blocks"):
        return True
    # Encoders of the library transformers hold nothing but a list of this name.
    return len(_learned(module)) == 1 and isinstance(getattr(module, "layer", None), nn.ModuleList)
