"""Own group metrics and gaps against Fairlearn's, on random tables of any groups."""

import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
from assay.audits.fairness.bootstrap import macro_f1
from assay.audits.fairness.counts import cells
from assay.audits.fairness.gaps import difference, ratio
from assay.audits.fairness.groups import encode
from assay.audits.fairness.rates import rate
from fairlearn import metrics as fl
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

PEERS = {
    "selection_rate": fl.selection_rate,
    "true_positive_rate": fl.true_positive_rate,
    "false_positive_rate": fl.false_positive_rate,
    "true_negative_rate": fl.true_negative_rate,
    "false_negative_rate": fl.false_negative_rate,
    "accuracy": accuracy_score,
    "positive_predictive_value": partial(precision_score, zero_division=np.nan),
}
GAPS = {
    "demographic_parity_difference": (fl.demographic_parity_difference, difference),
    "equalized_odds_difference": (fl.equalized_odds_difference, difference),
    "equal_opportunity_difference": (fl.equal_opportunity_difference, difference),
    "average_odds_difference": (
        lambda *a, **k: fl.equalized_odds_difference(*a, agg="mean", **k),
        difference,
    ),
    "demographic_parity_ratio": (fl.demographic_parity_ratio, ratio),
    "equalized_odds_ratio": (fl.equalized_odds_ratio, ratio),
    "equal_opportunity_ratio": (fl.equal_opportunity_ratio, ratio),
}
ROW = st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from("abcde"), st.floats(0.01, 10))
ROWS = st.lists(ROW, min_size=1, max_size=80)


def table(rows):
    y_true, y_pred, group, weight = (np.array(column) for column in zip(*rows, strict=True))
    groups = encode("g", group)
    return y_true, y_pred, group, weight, groups


@given(ROWS, st.booleans())
@settings(max_examples=25, deadline=None)
def test_group_metrics_equal_fairlearns_on_any_table(rows, weighted):
    y_true, y_pred, group, weight, groups = table(rows)
    counts = cells(groups, y_true, y_pred, 2, weight if weighted else None).confusion()
    params = {"sample_weight": weight if weighted else np.ones(len(rows))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = fl.MetricFrame(
            metrics=PEERS, y_true=y_true, y_pred=y_pred, sensitive_features=pd.Series(group),
            sample_params=dict.fromkeys(PEERS, params),
        )  # fmt: skip
    for name in PEERS:
        ours, theirs = rate(counts, name), peer.by_group[name].reindex(groups.names).to_numpy(float)
        # Where a denominator is empty, Fairlearn says 0 and we say that there is no number.
        known = np.isfinite(ours)
        np.testing.assert_allclose(ours[known], theirs[known], rtol=0, atol=1e-12)
        assert np.all(np.isnan(theirs[~known]) | (theirs[~known] == 0))


@given(ROWS, st.booleans())
@settings(max_examples=15, deadline=None)
def test_gaps_and_ratios_equal_fairlearns_where_every_group_has_both_classes(rows, weighted):
    present = {(group, truth) for truth, _, group, _ in rows}
    rows = rows + [
        (truth, 1, group, 1.0)
        for group in {g for g, _ in present}
        for truth in (0, 1)
        if (group, truth) not in present
    ]
    y_true, y_pred, group, weight, groups = table(rows)
    weight = weight if weighted else None
    counts = cells(groups, y_true, y_pred, 2, weight).confusion()
    for name, (peer, ours) in GAPS.items():
        theirs = peer(y_true, y_pred, sensitive_features=group, sample_weight=weight)
        found = float(ours(counts, name))
        # 0/0: Fairlearn's min of ratios may drop the one that has no value.
        if np.isfinite(found):
            assert found == pytest.approx(theirs, abs=1e-12)


def test_a_single_group_has_no_gap():
    groups = encode("g", np.array(["a"] * 4))
    counts = cells(groups, np.array([0, 1, 0, 1]), np.array([1, 1, 0, 0]), 2).confusion()
    assert difference(counts, "equalized_odds_difference") == 0
    assert ratio(counts, "demographic_parity_ratio") == 1


def test_rates_of_each_class_against_the_rest_equal_scikit_learns():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 4, 500), rng.integers(0, 4, 500)
    groups = encode("g", rng.choice(["a", "b"], 500))
    found = cells(groups, y_true, y_pred, 4)
    for code in range(4):
        for g in range(2):
            mine = groups.codes == g
            expected = recall_score(y_true[mine], y_pred[mine], labels=[code], average=None)[0]
            assert rate(found.confusion(code), "true_positive_rate")[g] == pytest.approx(expected)
    expected = [
        f1_score(y_true[groups.codes == g], y_pred[groups.codes == g], average="macro") for g in range(2)
    ]
    np.testing.assert_allclose(macro_f1(found, draws=10, seed=0).value, expected)


def test_tables_of_parts_add_up_to_the_table_of_all_rows():
    rng = np.random.default_rng(1)
    y_true, y_pred, weight = rng.integers(0, 2, 90), rng.integers(0, 2, 90), rng.random(90)
    groups = encode("g", rng.choice(["a", "b", "c"], 90))
    whole = cells(groups, y_true, y_pred, 2, weight)
    parts = []
    for rows in np.array_split(np.arange(90), 3):
        part = type(groups)(columns=groups.columns, names=groups.names, codes=groups.codes[rows])
        parts.append(cells(part, y_true[rows], y_pred[rows], 2, weight[rows]))
    np.testing.assert_allclose(sum(part.weight for part in parts), whole.weight)
