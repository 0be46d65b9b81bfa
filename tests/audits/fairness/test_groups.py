from functools import reduce

import numpy as np
import pandas as pd
from assay.audits.fairness.groups import encode, groupings, intersect
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.lists(st.tuples(*[st.sampled_from(["a", "b", "c", "", None])] * 3), min_size=1, max_size=60)


def test_missing_values_are_a_group_that_comes_last():
    found = encode("sex", np.array(["male", None, "", "zz", np.nan, "female"], dtype=object))
    assert found.names == ("female", "male", "zz", "missing")
    assert found.codes.tolist() == [1, 3, 3, 2, 3, 0]


def test_a_group_named_missing_is_the_missing_group():
    assert encode("x", np.array(["missing", None], dtype=object)).names == ("missing",)


@given(VALUES)
def test_groups_of_columns_and_intersections_equal_pandas(rows):
    table = pd.DataFrame(rows, columns=["x", "y", "z"], dtype=object).replace({"": None}).fillna("missing")
    single, deeper = groupings(
        {name: np.array(c, dtype=object) for name, c in zip("xyz", zip(*rows, strict=True), strict=True)},
        depth=3,
    )
    assert [groups.name for groups in deeper] == ["x × y", "x × z", "y × z", "x × y × z"]
    for groups in single + deeper:
        expected = table.groupby(list(groups.columns)).size()
        names = {" × ".join(key if isinstance(key, tuple) else (key,)) for key in expected.index}
        assert set(groups.names) == names
        of_rows = table[list(groups.columns)].agg(" × ".join, axis=1)
        assert [groups.names[code] for code in groups.codes] == of_rows.tolist()
        assert groups.sizes.min() > 0


def test_many_columns_of_many_values_do_not_make_a_table_of_all_cells():
    rng = np.random.default_rng(0)
    parts = [encode(str(i), rng.integers(0, 900, 1000).astype(str)) for i in range(5)]
    found = reduce(lambda left, right: intersect([left, right]), parts)
    assert len(found) <= 1000
    assert found.sizes.sum() == 1000
