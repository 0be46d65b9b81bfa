"""Probes against scikit-learn."""

import numpy as np
import pytest
import torch
from assay.models.probes import linear_probe, nearest_neighbours
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor

DRAW = np.random.default_rng(0)
KNOWN, ASKED, VALUES = DRAW.normal(size=(90, 5)), DRAW.normal(size=(700, 5)), DRAW.normal(size=(90, 3))


def tensors() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return torch.from_numpy(KNOWN), torch.from_numpy(VALUES), torch.from_numpy(ASKED)


@pytest.mark.parametrize("neighbours", [1, 7])
def test_neighbours_are_those_of_scikit_learn(neighbours):
    def weigh(distances):
        return np.exp((1 - distances) / 0.07)

    theirs = KNeighborsRegressor(neighbours, metric="cosine", weights=weigh).fit(KNOWN, VALUES).predict(ASKED)
    ours = nearest_neighbours(*tensors(), neighbours=neighbours)
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-6, atol=1e-9)


def test_with_fewer_rows_than_neighbours_all_rows_have_a_say():
    features, values, queries = tensors()
    few = nearest_neighbours(features[:3], values[:3], queries, neighbours=20)
    torch.testing.assert_close(few, nearest_neighbours(features[:3], values[:3], queries, neighbours=3))


def test_the_linear_probe_is_the_ridge_regression_of_scikit_learn():
    scaled = (KNOWN - KNOWN.mean(axis=0)) / KNOWN.std(axis=0)
    model = Ridge(alpha=0.1 * len(KNOWN)).fit(scaled, VALUES)
    theirs = model.predict((ASKED - KNOWN.mean(axis=0)) / KNOWN.std(axis=0))
    np.testing.assert_allclose(linear_probe(*tensors(), ridge=0.1).numpy(), theirs, rtol=1e-6, atol=1e-9)


def test_a_component_that_never_changes_has_no_say():
    features, values, queries = tensors()
    still = torch.cat([features, torch.ones(90, 1)], dim=1)
    asked = torch.cat([queries, torch.full((700, 1), 5.0)], dim=1)
    torch.testing.assert_close(linear_probe(still, values, asked), linear_probe(features, values, queries))
