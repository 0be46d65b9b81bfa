"""Axes with round ends."""

import pytest
from assay.audits.report.charts.scale import scale_over
from hypothesis import given
from hypothesis import strategies as st

finite = st.floats(-1e9, 1e9)


@given(st.lists(finite, max_size=8))
def test_an_axis_holds_every_value_and_has_few_ticks(values: list[float]):
    scale = scale_over(values)
    slack = 1e-6 * (scale.high - scale.low)
    assert all(scale.low - slack <= value <= scale.high + slack for value in values)
    assert 2 <= len(scale.ticks) <= 7
    assert all(0 <= scale.at(value) <= 100 for value in values)


@given(finite, finite)
def test_places_keep_the_order_of_values(a: float, b: float):
    scale = scale_over((a, b))
    assert (scale.at(a) - scale.at(b)) * (a - b) >= 0


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((0.05, 0.27), ["0.0", "0.1", "0.2", "0.3"]),
        ((0.757, 0.879), ["0.75", "0.80", "0.85", "0.90"]),
        ((0, 1200), ["0", "500", "1,000", "1,500"]),
        ((-0.1, 0.1), ["−0.1", "0.0", "0.1"]),
    ],
)
def test_labels_have_the_digits_of_their_step(values: tuple[float, ...], labels: list[str]):
    scale = scale_over(values)
    assert [scale.label(tick) for tick in scale.ticks] == labels
