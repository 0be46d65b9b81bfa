"""Shapley values against brute force over orders, SHAP's own, closed forms, and the axioms."""

import warnings
from itertools import permutations

import numpy as np
import pyarrow as pa
import pytest
from assay.audits.explanation.shapley import MOST_EXACT, MixedTable, MixedTokens, exact, kernel_shap
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

BACKGROUND = 7


class Function:
    """A regression over numbered columns."""

    def __init__(self, function):
        self.function, self.lines = function, 0

    def predict(self, table):
        self.lines += table.num_rows
        return self.function(np.stack([table[name].to_numpy() for name in table.column_names], axis=1))


def read(outputs, target):
    return outputs[:, 0].astype(float)


def world(function, columns, rows=3, seed=0, levels=None):
    """Rows to explain, then background rows; few levels make rows agree."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows + BACKGROUND, columns)) if levels is None else None
    x = x if x is not None else rng.integers(0, levels, (rows + BACKGROUND, columns)).astype(float)
    names = [f"x{j}" for j in range(columns)]
    mixture = MixedTable(Function(function), pa.table(dict(zip(names, x.T, strict=True))), names)
    return mixture, x[:rows], x[rows:]


def shares(method, mixture, rows=3, **options):
    at, target = np.arange(rows), np.zeros(rows, int)
    return method(mixture, at, rows + np.arange(BACKGROUND), target, read, **options)


def over_orders(function, x, background):
    """The definition: the mean gain over all orders in which columns are told, `(rows, columns)`."""

    def value(row, told):
        mixed = background.copy()
        mixed[:, told] = row[told]
        return function(mixed).mean()

    columns, found = x.shape[1], np.zeros(x.shape)
    orders = list(permutations(range(columns)))
    for i, row in enumerate(x):
        for order in orders:
            for place, column in enumerate(order):
                found[i, column] += value(row, list(order[: place + 1])) - value(row, list(order[:place]))
    return found / len(orders)


def tangled(x):
    return np.tanh(x[:, 0] * x[:, 1]) + x[:, 2] ** 2 * x[:, 0] + np.maximum(x[:, 3], x[:, 1]) - x[:, 2]


@pytest.mark.parametrize("levels", [None, 3])
def test_exact_values_are_the_mean_over_all_orders(levels):
    mixture, x, background = world(tangled, 4, levels=levels)
    found = shares(exact, mixture)
    np.testing.assert_allclose(found.values, over_orders(tangled, x, background), atol=1e-12)
    np.testing.assert_allclose(found.base, tangled(background).mean())
    assert found.complete


@pytest.mark.slow  # its import alone takes half a minute on a busy machine
def test_exact_values_are_those_of_shap():
    with warnings.catch_warnings():
        # Its plots bring a matplotlib that deprecates parts of itself.
        warnings.simplefilter("ignore")
        import shap

    function = lambda x: tangled(x) + np.sin(3 * x[:, 4] * x[:, 5])  # noqa: E731
    mixture, x, background = world(function, 6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = shap.explainers.ExactExplainer(function, shap.maskers.Independent(background))(x)
    np.testing.assert_allclose(shares(exact, mixture).values, theirs.values, atol=1e-9)
    np.testing.assert_allclose(shares(exact, mixture).base, theirs.base_values, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=15, max_size=15), st.integers(0, 100))
def test_a_linear_model_gets_coefficient_times_distance_from_the_mean(coefficients, seed):
    """However few coalitions are asked."""
    w = np.array(coefficients)
    mixture, x, background = world(lambda x: x @ w + 5, 15, seed=seed)
    found = shares(kernel_shap, mixture, coalitions=4, seed=seed)
    np.testing.assert_allclose(found.values, w * (x - background.mean(axis=0)), atol=1e-8)


def test_two_columns_that_interact_share_their_product_evenly():
    """F = x₁x₂ against one background row: v adds up to x₁x₂ - b₁b₂, and φ₁ = (x₁ - b₁)(x₂ + b₂) / 2."""
    mixture, x, background = world(lambda x: x[:, 0] * x[:, 1], 2)
    expected = (x[:, None, 0] - background[None, :, 0]) * (x[:, None, 1] + background[None, :, 1]) / 2
    np.testing.assert_allclose(shares(exact, mixture).values[:, 0], expected.mean(axis=1), atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 1000), st.integers(2, 9), st.sampled_from([4, 30, 200, 4096]), st.sampled_from([None, 2])
)
def test_the_axioms_hold_however_many_coalitions_are_asked(seed, columns, coalitions, levels):
    """Efficiency; a column that is never read gets nothing; columns that say the same in the same way are
    equal where all coalitions are asked."""
    rng = np.random.default_rng(seed)
    w = rng.normal(size=columns)
    w[-1] = 0
    function = lambda x: np.tanh(x @ w) + (x[:, 0] * w[0]) ** 2  # noqa: E731
    mixture, x, _ = world(function, columns, seed=seed, levels=levels)
    found = shares(kernel_shap, mixture, coalitions=coalitions, seed=seed)
    np.testing.assert_allclose(found.values.sum(axis=1) + found.base, function(x), atol=1e-9)
    if found.complete:
        np.testing.assert_allclose(found.values[:, -1], 0, atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_columns_that_can_be_exchanged_get_the_same(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3 + BACKGROUND, 4))
    x[:, 1] = x[:, 0]
    function = lambda x: np.tanh(x[:, 0] + x[:, 1]) * x[:, 2] + x[:, 3]  # noqa: E731
    names = [f"x{j}" for j in range(4)]
    mixture = MixedTable(Function(function), pa.table(dict(zip(names, x.T, strict=True))), names)
    found = shares(exact, mixture).values
    np.testing.assert_allclose(found[:, 0], found[:, 1], atol=1e-12)


def test_sampling_errs_less_the_more_is_asked_and_not_to_one_side():
    function = lambda x: np.tanh(x.sum(axis=1)) + x[:, 0] * x[:, 5] * x[:, 9]  # noqa: E731
    mixture, _, _ = world(function, 11)
    truth = shares(exact, mixture).values
    errors = {
        coalitions: np.array(
            [shares(kernel_shap, mixture, coalitions=coalitions, seed=s).values - truth for s in range(20)]
        )
        for coalitions in (32, 256)
    }
    spread = {coalitions: error.std() for coalitions, error in errors.items()}
    assert spread[256] < spread[32] / 2 < 0.05
    assert np.abs(errors[256].mean(axis=0)).max() < 4 * spread[256] / np.sqrt(20) + 1e-3


def test_equal_lines_are_asked_once():
    """Ten columns of two levels: many mixtures of rows are the same."""
    scorer = Function(lambda x: x.prod(axis=1))
    x = np.random.default_rng(0).integers(0, 2, (40, 10)).astype(float)
    names = [f"x{j}" for j in range(10)]
    mixture = MixedTable(scorer, pa.table(dict(zip(names, x.T, strict=True))), names)
    found = kernel_shap(mixture, np.arange(20), 20 + np.arange(20), np.zeros(20, int), read, coalitions=4096)
    assert found.evaluated == scorer.lines < found.asked / 3 < 20 * 20 * 1024 / 50


def test_tokens_and_columns_give_the_same_values():
    """A table's numbers as tokens of one component."""

    class Tokens:
        def tokens(self, numeric: Tensor) -> Tensor:
            return numeric[:, :, None]

        def from_tokens(self, tokens: Tensor) -> Tensor:
            x = tokens[:, :, 0]
            return (x[:, 0] * x[:, 1] + x[:, 2].tanh() * x[:, 3])[:, None]

    import torch

    x = np.random.default_rng(0).integers(0, 4, (3 + BACKGROUND, 4)).astype(np.float32)
    names = ("a", "b", "c", "d")
    of_table = MixedTable(
        Function(lambda x: x[:, 0] * x[:, 1] + np.tanh(x[:, 2]) * x[:, 3]),
        pa.table(dict(zip(names, x.T, strict=True))),
        names,
    )
    of_tokens = MixedTokens(Tokens(), (torch.from_numpy(x),), names)
    np.testing.assert_allclose(
        shares(exact, of_tokens).values, shares(exact, of_table).values, rtol=1e-5, atol=1e-5
    )


def test_tokens_of_one_column_move_together():
    """Two tokens of column a: it is one player, and gets what both bring."""

    class Pair:
        def tokens(self, numeric: Tensor) -> Tensor:
            return numeric[:, :, None]

        def from_tokens(self, tokens: Tensor) -> Tensor:
            return (tokens[:, :2, 0].prod(dim=1) + tokens[:, 2, 0])[:, None]

    import torch

    x = torch.randn(3 + BACKGROUND, 3, generator=torch.Generator().manual_seed(0)).double()
    mixture = MixedTokens(Pair(), (x.float(),), ("a", "a", "b"))
    product = (x[:, 0] * x[:, 1]).numpy()
    found = shares(exact, mixture)
    assert found.values.shape == (3, 2)
    np.testing.assert_allclose(found.values[:, 0], product[:3] - product[3:].mean(), atol=1e-5)


def test_missing_values_and_text_are_values_like_others():
    table = pa.table({"a": ["x", None, "y", "x"], "b": [1.0, None, 3.0, 4.0]})

    class Filled:
        def predict(self, table):
            a = np.array([len(value or "none") for value in table["a"].to_pylist()], float)
            return a + np.nan_to_num(table["b"].to_numpy(), nan=-1.0)

    mixture = MixedTable(Filled(), table, ("a", "b"))
    found = exact(mixture, np.array([0, 1]), np.array([2, 3]), np.zeros(2, int), read)
    np.testing.assert_allclose(found.values, [[0, 1 - 3.5], [3, -1 - 3.5]])


def test_columns_that_are_held_stay_with_the_row():
    table = pa.table({"a": [1.0, 2.0, 5.0], "group": [10.0, 20.0, 30.0]})
    scorer = Function(lambda x: x[:, 0] * x[:, 1])
    mixture = MixedTable(scorer, table, ("a",), held=("group",))
    found = exact(mixture, np.array([0, 1]), np.array([2]), np.zeros(2, int), read)
    np.testing.assert_allclose(found.values[:, 0], [(1 - 5) * 10, (2 - 5) * 20])


def test_more_columns_than_can_be_enumerated_are_refused():
    mixture, _, _ = world(lambda x: x.sum(axis=1), MOST_EXACT + 1)
    with pytest.raises(ValueError, match="kernel_shap"):
        shares(exact, mixture)


def test_many_columns_are_no_trouble():
    mixture, x, _ = world(lambda x: np.tanh(x[:, :3].sum(axis=1)), 60)
    found = shares(kernel_shap, mixture, coalitions=300)
    np.testing.assert_allclose(
        found.values.sum(axis=1) + found.base, np.tanh(x[:, :3].sum(axis=1)), atol=1e-9
    )
    assert np.abs(found.values[:, 3:]).mean() < 0.2 * np.abs(found.values[:, :3]).mean()


def test_a_wide_table_is_asked_in_slices_that_fit():
    mixture, x, _ = world(lambda x: x[:, 0] * 2, 700)
    found = shares(kernel_shap, mixture)
    np.testing.assert_allclose(found.values.sum(axis=1) + found.base, 2 * x[:, 0], atol=1e-8)
    np.testing.assert_allclose(found.values[:, 1:], 0, atol=1e-8)
