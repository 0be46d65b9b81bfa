import numpy as np
import pyarrow as pa
from assay.platform.data import categorical, numeric
from assay.platform.data.dataset import Dataset
from assay.platform.data.preprocess import Preprocessor
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import norm, rankdata
from sklearn.preprocessing import QuantileTransformer

VALUES = arrays.arrays(float, st.integers(1, 80), elements=st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0]))


def test_scaled_values_are_the_normal_scores_of_middle_ranks():
    values = np.random.default_rng(0).integers(0, 50, 500).astype(float)
    feature = numeric.fit("x", "x", "value", values)
    expected = norm.ppf((rankdata(values) - 0.5) / len(values))
    np.testing.assert_allclose(feature.transform(values), expected, atol=1e-6)


def test_scaling_is_that_of_scikit_learn_where_no_value_is_tied():
    values = np.random.default_rng(1).lognormal(size=5000)
    ours = numeric.fit("x", "x", "value", values).transform(values)
    theirs = QuantileTransformer(output_distribution="normal", n_quantiles=1000).fit_transform(
        values[:, None]
    )[:, 0]
    inner = np.abs(theirs) < 2.5
    np.testing.assert_allclose(ours[inner], theirs[inner], atol=0.02)


@settings(deadline=None)
@given(train=VALUES, new=VALUES)
def test_scaling_is_rising_finite_and_bounded_by_the_train_rows(train: np.ndarray, new: np.ndarray):
    feature = numeric.fit("x", "x", "value", train)
    scaled = feature.transform(np.sort(new))
    assert np.isfinite(scaled).all()
    assert (np.diff(scaled) >= -1e-6).all()
    assert scaled.min() >= np.float32(feature.scores[0])
    assert scaled.max() <= np.float32(feature.scores[-1])
    assert feature.transform(np.array([np.nan]))[0] == feature.transform(np.array([np.median(train)]))[0]


@settings(deadline=None)
@given(train=VALUES)
def test_bin_edges_rise_strictly_and_span_the_scaled_train_rows(train: np.ndarray):
    feature = numeric.fit("x", "x", "value", train)
    edges = np.array(feature.edges, dtype=np.float32)
    assert len(edges) >= 2
    assert (np.diff(edges) > 0).all()
    if len(np.unique(feature.transform(train))) > 1:
        assert edges[0] == feature.transform(train).min()
        assert edges[-1] == feature.transform(train).max()


def test_bins_of_a_spread_out_column_hold_equal_shares():
    values = np.random.default_rng(0).normal(size=32_000)
    feature = numeric.fit("x", "x", "value", values)
    assert len(feature.edges) == numeric.BINS + 1
    share = np.histogram(feature.transform(values), feature.edges)[0] / len(values)
    assert np.abs(share - 1 / 32).max() < 0.003


def test_a_mass_point_has_a_bin_of_its_own_and_the_other_values_keep_theirs():
    rng = np.random.default_rng(0)
    values = np.concatenate([np.zeros(9000), rng.integers(100, 99_999, 1000)]).astype(float)
    feature = numeric.fit("gain", "gain", "value", values)
    edges = np.array(feature.edges, dtype=np.float32)
    scaled = feature.transform(values)
    assert edges[0] == scaled[0]
    assert edges[1] == scaled[9000:].min()  # nothing but zero lies below the second edge
    assert len(edges) > 25
    share = np.histogram(scaled[9000:], edges[1:])[0] / 1000
    assert share.max() < 0.06


def test_a_mass_point_in_the_middle_is_fenced_off_on_both_sides():
    rng = np.random.default_rng(0)
    values = np.concatenate([np.full(4000, 40.0), rng.uniform(1, 99, 4000)])
    feature = numeric.fit("hours", "hours", "value", values)
    at = float(feature.transform(np.array([40.0]))[0])
    position = feature.edges.index(at)
    others = feature.transform(values[4000:])
    assert ((others > feature.edges[position - 1]) & (others < feature.edges[position + 1])).sum() == 0


def test_rare_categories_train_the_code_of_the_unknown():
    column = pa.chunked_array([pa.array(["a"] * 9000 + ["b"] * 990 + ["c"] * 10 + ["d"] * 9 + [None])])
    feature = categorical.fit("x", column)
    assert feature.known == ("a", "b", "c")
    codes = feature.transform(pa.chunked_array([["a", "b", "c", "d", "new", None, " a "]]))
    assert codes.tolist() == [2, 3, 4, 1, 1, 0, 2]
    assert feature.cardinality == 5


def test_a_small_table_keeps_all_its_categories():
    assert categorical.fit("x", pa.chunked_array([["a", "b", "b"]])).known == ("a", "b")


def test_adult_has_bins_for_its_zero_inflated_columns(adult: Dataset):
    fitted = Preprocessor.fit(adult.table("train"), adult.schema)
    bins = dict(zip(fitted.inputs()["numeric"], fitted.inputs()["bins"], strict=True))
    assert list(bins) == ["age", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
    assert all(len(edges) >= 16 for edges in bins.values())
