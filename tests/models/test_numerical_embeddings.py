"""Numbers as vectors, against the paper's formulas."""

import math

import torch
from assay.models.numerical_embeddings import (
    LinearEncoding,
    PerFeatureLinear,
    PeriodicEncoding,
    PiecewiseLinearEncoding,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

BINS = ((0.0, 1.0, 3.0), (-2.0, 2.0))
numbers = st.floats(-1e6, 1e6, width=32)


def test_a_number_is_encoded_by_how_far_it_has_passed_each_bin():
    # Equation 1 by hand: in the first column 2.0 is past the first bin and half through the second.
    encoded = PiecewiseLinearEncoding(BINS)(torch.tensor([[2.0, -1.0], [0.25, 5.0], [-9.0, math.nan]]))
    expected = [
        [[1.0, 0.5, 0.0], [0.25, 0.0, 0.0]],
        [[0.25, 0.0, 0.0], [1.0, 0.0, 0.0]],
        [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]],
    ]
    torch.testing.assert_close(encoded, torch.tensor(expected))


@given(arrays("float32", (20, 2), elements=numbers))
def test_the_encoding_rises_with_the_number_and_never_leaves_its_range(values):
    encoding = PiecewiseLinearEncoding(BINS)
    ascending = torch.from_numpy(values).sort(dim=0).values
    encoded = encoding(ascending)
    assert (encoded.diff(dim=0) >= 0).all()
    assert encoded.min() >= 0
    assert encoded.max() <= 1
    # A bin is entered only after the one before it is full.
    assert ((encoded[..., 1] == 0) | (encoded[..., 0] == 1)).all()


@given(arrays("float32", (20,), elements=st.floats(0, 3, width=32)))
def test_the_number_can_be_read_back_from_its_encoding(values):
    edges = torch.tensor([0.0, 1.0, 1.5, 3.0])
    encoded = PiecewiseLinearEncoding((tuple(edges.tolist()),))(torch.from_numpy(values).unsqueeze(1))
    read = edges[0] + encoded[:, 0, :-1] @ edges.diff()
    torch.testing.assert_close(read, torch.from_numpy(values))


def test_infinite_numbers_are_encoded_as_the_ends():
    encoded = PiecewiseLinearEncoding(BINS)(torch.tensor([[math.inf, -math.inf]]))
    torch.testing.assert_close(encoded, torch.tensor([[[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]]))


def test_periodic_components_are_sines_and_cosines_of_the_frequencies():
    encoding = PeriodicEncoding(2, frequencies=3)
    value = torch.tensor([[0.7, math.nan]])
    encoded = encoding(value).detach()
    for k in range(3):
        angle = 2 * math.pi * encoding.frequencies[0, k].item() * 0.7
        assert math.isclose(float(encoded[0, 0, k]), math.sin(angle), abs_tol=1e-6)
        assert math.isclose(float(encoded[0, 0, 3 + k]), math.cos(angle), abs_tol=1e-6)
    assert encoded[0, 0, -1] == 0
    assert encoded[0, 1].tolist() == [0.0] * 6 + [1.0]


def test_a_missing_number_lights_the_last_component_of_the_linear_encoding():
    encoded = LinearEncoding()(torch.tensor([[0.7, math.nan]]))
    torch.testing.assert_close(encoded, torch.tensor([[[0.7, 0.0], [0.0, 1.0]]]))


def test_a_missing_number_gives_finite_gradients():
    for encoding in (PiecewiseLinearEncoding(BINS), PeriodicEncoding(2), LinearEncoding()):
        layer = PerFeatureLinear(2, encoding.size, 4)
        layer(encoding(torch.full((3, 2), math.nan))).sum().backward()
        assert all(bool(p.grad.isfinite().all()) for p in layer.parameters())


def test_every_column_has_a_linear_layer_of_its_own():
    layer, encoded = PerFeatureLinear(3, 4, 5), torch.randn(6, 3, 4)
    expected = [encoded[:, column] @ layer.weight[column] + layer.bias[column] for column in range(3)]
    torch.testing.assert_close(layer(encoded), torch.stack(expected, dim=1))
