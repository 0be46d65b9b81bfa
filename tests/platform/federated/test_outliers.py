"""Norms and directions of updates, of which the right ones are known."""

import numpy as np
import pytest
from assay.platform.federated.outliers import Outliers


def watched(lead, changes):
    """What is seen of one round whose clients add these to the weights."""
    changes = np.asarray(changes, dtype=np.float64)
    result = lead(
        lambda client, number, weights: {"x": weights["x"] + changes[client]},
        {"x": np.full(changes.shape[1], 5.0)},
        examples=[1.0] * len(changes),
        watchers=[Outliers()],
    )
    (found,) = result.watched["outliers"]
    return found


def test_norms_are_of_what_was_added_and_cosines_are_to_the_median(lead):
    found = watched(lead, [[3.0, 4.0], [6.0, 8.0], [-3.0, -4.0], [4.0, -3.0], [3.0, 4.0]])
    assert found["norm"] == pytest.approx([5.0, 10.0, 5.0, 5.0, 5.0])
    assert found["cosine"] == pytest.approx([1.0, 1.0, -1.0, 0.0, 1.0])
    assert (found["round"], found["clients"]) == (1, [0, 1, 2, 3, 4])


def test_an_update_of_nothing_points_nowhere(lead):
    found = watched(lead, [[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    assert found["norm"] == pytest.approx([1.0, 1.0, 0.0])
    assert found["cosine"] == pytest.approx([1.0, 1.0, 0.0])


def test_few_clients_cannot_turn_the_median(lead):
    found = watched(lead, [[1.0, 1.0]] * 5 + [[-1e6, -1e6]] * 2)
    assert found["cosine"][:5] == pytest.approx([1.0] * 5)
    assert found["cosine"][5:] == pytest.approx([-1.0] * 2)
