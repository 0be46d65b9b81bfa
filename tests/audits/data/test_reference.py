"""Raked weights have the declared margins, and leave what is inside groups alone."""

import numpy as np
import pytest
from assay.audits.data.reference import rake
from hypothesis import given, settings
from hypothesis import strategies as st


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_margins_are_those_declared(seed: int):
    rng = np.random.default_rng(seed)
    groups = {"sex": rng.choice(["f", "m"], 400), "race": rng.choice(["a", "b", "c"], 400)}
    shares = {
        name: dict(
            zip(np.unique(held).tolist(), rng.dirichlet(np.full(len(np.unique(held)), 9)), strict=True)
        )
        for name, held in groups.items()
    }
    weights = rake(groups, shares, np.ones(400))
    assert weights.mean() == pytest.approx(1)
    for name, declared in shares.items():
        for group, share in declared.items():
            assert weights[groups[name] == group].sum() / 400 == pytest.approx(share, abs=1e-7)
    cells = np.char.add(groups["sex"], groups["race"])
    for cell in np.unique(cells):
        assert np.ptp(weights[cells == cell]) < 1e-12


def test_rows_of_a_group_without_a_share_count_nothing():
    weights = rake({"sex": np.array(["f", "m", "missing"])}, {"sex": {"f": 0.25, "m": 0.75}}, np.ones(3))
    assert weights == pytest.approx([0.5, 1.5, 0])
