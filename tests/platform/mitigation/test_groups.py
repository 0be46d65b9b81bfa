"""Rates and gaps of groups, against Fairlearn's."""

import fairlearn.metrics as peer
import numpy as np
import pytest
from assay.platform.exceptions import DataError
from assay.platform.mitigation.groups import LEAST, Groups, gap, rates
from assay.platform.mitigation.methods import CONSTRAINTS

PEERS = {
    "demographic_parity": (peer.demographic_parity_difference, {}),
    "equal_opportunity": (peer.equal_opportunity_difference, {}),
    "equalized_odds": (peer.equalized_odds_difference, {}),
    "average_odds": (peer.equalized_odds_difference, {"agg": "mean"}),
}


def people(seed: int, rows: int = 400):
    draw = np.random.default_rng(seed)
    sex, race = draw.choice(["f", "m"], rows), draw.choice(["a", "b"], rows)
    y_true = draw.integers(0, 2, rows)
    y_pred = (draw.random(rows) < np.where(sex == "m", 0.6, 0.4) + 0.2 * y_true).astype(int)
    return sex, race, y_true, y_pred, draw.uniform(0.5, 2, rows)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_gap_is_the_one_that_fairlearn_measures(constraint, weighted):
    sex, race, y_true, y_pred, weight = people(0)
    weight = weight if weighted else None
    groups = Groups.of_values({"sex": sex, "race": race})
    measure, options = PEERS[constraint]
    expected = measure(
        y_true, y_pred, sensitive_features=np.char.add(sex, race), sample_weight=weight, **options
    )
    assert gap(CONSTRAINTS[constraint], groups, y_true, y_pred, weight) == pytest.approx(expected)


def test_groups_are_named_by_their_values_in_order():
    groups = Groups.of_values({"sex": np.array(["m", "f", "m"]), "race": np.array(["b", "b", "a"])})
    assert groups.names == (("f", "b"), ("m", "a"), ("m", "b"))
    assert groups.codes.tolist() == [2, 0, 1]


def test_a_small_group_is_left_out_of_the_gap():
    sex, _, y_true, y_pred, _ = people(1)
    sex = sex.astype(object)
    sex[: LEAST - 1], y_pred[: LEAST - 1] = "x", 1
    kept = np.arange(len(sex)) >= LEAST - 1
    parity = CONSTRAINTS["demographic_parity"]
    found = gap(parity, Groups.of_values({"sex": sex}), y_true, y_pred)
    assert found == gap(parity, Groups.of_values({"sex": sex[kept]}), y_true[kept], y_pred[kept])


def test_a_group_without_such_rows_has_no_rate():
    groups = Groups.of_values({"sex": np.array(["f", "m"])})
    assert np.isnan(rates("true_positive", groups, np.array([0, 1]), np.array([1, 1]))[0])


def test_one_group_alone_is_refused():
    groups = Groups.of_values({"sex": np.full(50, "f")})
    with pytest.raises(DataError, match="no two groups"):
        gap(CONSTRAINTS["demographic_parity"], groups, np.ones(50), np.ones(50))
