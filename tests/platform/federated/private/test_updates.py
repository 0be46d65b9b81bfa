"""A client's change is cut to the bound, in its own direction, and nothing else is changed."""

import numpy as np
import pytest
import torch
from assay.platform.federated.private.updates import change, clipped, norm
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


@given(
    before=arrays.arrays(np.float64, 6, elements=NUMBERS),
    after=arrays.arrays(np.float64, 6, elements=NUMBERS),
    bound=st.floats(1e-3, 1e3),
)
def test_no_change_is_longer_than_the_bound_and_a_shorter_one_is_let_through(before, after, bound):
    start = {"a": torch.from_numpy(before[:4]).reshape(2, 2), "b": torch.from_numpy(before[4:])}
    end = {"a": torch.from_numpy(after[:4]).reshape(2, 2), "b": torch.from_numpy(after[4:])}
    moved, within = clipped(start, end, bound)
    length = np.linalg.norm(after - before)
    cut = np.concatenate([moved["a"].flatten(), moved["b"]]) - before
    rounding = 1e-9 * (1 + np.abs(before).max())  # of adding the change to weights that may be large
    assert np.linalg.norm(cut) <= bound + rounding
    assert within == (length <= bound)
    expected = (after - before) * min(1, bound / max(length, 1e-300))
    np.testing.assert_allclose(cut, expected, atol=2e-6 + rounding)


def test_the_norm_is_that_of_all_arrays_together():
    before = {"a": torch.zeros(2), "b": torch.zeros(1)}
    after = {"a": torch.tensor([2.0, 3.0]), "b": torch.tensor([6.0])}
    assert float(norm(change(before, after))) == pytest.approx(7.0)


def test_weights_keep_their_precision():
    moved, _ = clipped({"a": torch.zeros(3)}, {"a": torch.ones(3)}, 0.1)
    assert moved["a"].dtype == torch.float32
