"""What stands between two linear layers, by name.

sigmoid, tanh: Rumelhart, Hinton & Williams (1986). ReLU: Nair & Hinton (2010). Leaky ReLU: Maas et al.
(2013). PReLU: He et al. (2015), https://arxiv.org/abs/1502.01852. ELU: Clevert et al. (2016),
https://arxiv.org/abs/1511.07289. GELU: Hendrycks & Gimpel (2016), https://arxiv.org/abs/1606.08415
"""

from collections.abc import Callable, Mapping
from functools import partial

from torch import nn

from .unknown import UnknownNameError

__all__ = ["ACTIVATIONS", "activation"]

ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {
    "sigmoid": nn.Sigmoid,  # 1 / (1 + exp(-x)): saturates, gradients vanish with depth
    "tanh": nn.Tanh,  # the same around zero
    "relu": nn.ReLU,  # max(0, x)
    "leaky_relu": partial(nn.LeakyReLU, 0.01),  # max(x, 0.01 x): no unit dies
    "prelu": nn.PReLU,  # max(x, a x), a learned
    "elu": nn.ELU,  # x above 0, exp(x) - 1 below: mean activation near zero
    "gelu": nn.GELU,  # x times the share of normal numbers below x
    "softmax": partial(nn.Softmax, dim=-1),  # units of a layer compete: shares that sum to 1
}
"""Name to constructor."""


def activation(name: str) -> nn.Module:
    """A fresh activation: some have parameters of their own.

    Raises:
        UnknownNameError: no such activation.
    """
    if name not in ACTIVATIONS:
        raise UnknownNameError("activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]()
