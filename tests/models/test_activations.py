"""Activations against their formulas."""

import math

import pytest
import torch
from assay.models.activations import ACTIVATIONS, activation
from assay.models.unknown import UnknownNameError

X = torch.linspace(-3, 3, 13, dtype=torch.float64)
FORMULAS = {
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": lambda x: (math.exp(2 * x) - 1) / (math.exp(2 * x) + 1),
    "relu": lambda x: max(0.0, x),
    "leaky_relu": lambda x: max(x, 0.01 * x),
    "prelu": lambda x: x if x > 0 else 0.25 * x,  # He et al.: 0.25 at the start
    "elu": lambda x: x if x > 0 else math.exp(x) - 1,
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "softmax": lambda x: math.exp(x) / sum(math.exp(v) for v in X.tolist()),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_its_formula(name):
    found = activation(name).double()(X)
    assert found.tolist() == pytest.approx([FORMULAS[name](x) for x in X.tolist()])


def test_an_unknown_activation_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"got 'geloo'.*did you mean 'gelu'"):
        activation("geloo")
