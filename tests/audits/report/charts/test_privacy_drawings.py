"""Drawings of privacy: lengths from zero, log axes, the region that a claim rules out."""

import re

import pytest
from assay.audits.privacy.odds import largest_share_found
from assay.audits.report.charts.attack_roc import attack_roc
from assay.audits.report.charts.log_scale import LogScale, log_scale_to_one
from assay.audits.report.charts.privacy_curve import privacy_curve
from assay.audits.report.charts.reach import reach
from assay.audits.report.charts.scale import Scale

TEN = Scale(0.0, 10.0, (0.0, 5.0, 10.0))


def number(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def points(drawn: str, kind: str) -> list[list[tuple[float, float]]]:
    """Points of every polyline of a kind."""
    found = re.findall(rf'<polyline class="{kind}" points="([^"]*)"', drawn)
    return [[tuple(map(float, pair.split(","))) for pair in line.split()] for line in found]  # type: ignore[misc]


def test_a_bar_begins_at_zero_and_goes_on_hatched_to_what_could_have_been():
    drawn = reach(2.0, TEN, 7.0, None)
    assert 'class="solid" x="0%" width="20.0%"' in drawn
    assert 'class="open" x="20.0%" width="50.0%"' in drawn
    assert 'class="bound" x1="70.0%"' in drawn
    assert "limit" not in drawn


def test_nothing_is_hatched_where_all_was_shown():
    assert 'class="open"' not in reach(7.0, TEN, 7.0, None)


def test_beyond_a_budget_is_hatched():
    drawn = reach(2.0, TEN, None, 8.0)
    assert 'class="hatch" x="80.0%" width="20.0%"' in drawn
    assert 'class="limit" x1="80.0%"' in drawn


def test_what_nothing_bounds_leaves_the_axis_as_an_arrow():
    assert "<path" in reach(None, TEN, None, None)
    assert "<path" not in reach(9.0, TEN, None, None)


def test_equal_factors_are_equal_lengths():
    scale = LogScale(0.001, 1.0, (0.001, 0.01, 0.1, 1.0))
    assert [scale.at(value) for value in (0.0, 0.001, 0.01, 0.1, 1.0)] == [0.0, 0.0, 33.33, 66.67, 100.0]
    assert [scale.label(tick) for tick in scale.ticks] == ["0.001", "0.01", "0.1", "1"]


@pytest.mark.parametrize(
    ("values", "low"), [((0.002, 0.5), 0.001), ((0.0, 0.3), 0.1), ((), 0.1), ((0.01,), 0.01)]
)
def test_the_axis_starts_at_the_power_of_ten_below_the_least_rate(values, low):
    assert log_scale_to_one(values).low == low


def test_curves_lie_where_their_rates_are_and_chance_on_the_diagonal():
    rates = [{"fpr": 0.0, "tpr": 0.0}, {"fpr": 0.01, "tpr": 0.1}, {"fpr": 1.0, "tpr": 1.0}]
    drawn = attack_roc([rates, rates])
    assert len(points(drawn, "line")) == len(points(drawn, "line two")) == 1
    ((left, up), (right, top)) = points(drawn, "line")[0]
    floor = float(re.findall(r'<line class="diagonal" x1="[\d.]+" y1="([\d.]+)"', drawn)[0])
    assert (left, right) == (52.0, 390.0)
    assert up == pytest.approx((floor + top) / 2, abs=0.1), "halfway between 0.01 and 1 on a log axis"


def test_the_edge_of_what_a_claim_rules_out_is_its_bound():
    drawn = attack_roc([[{"fpr": 0.001, "tpr": 0.002}]], lambda rate: largest_share_found(rate, 2.0, 1e-5))
    (edge,) = points(drawn, "limit edge")
    scale = log_scale_to_one([0.001])
    for x, y in edge:
        rate = 10 ** (-3 * (1 - (x - 52) / 338))
        expected = 306 - 2.88 * scale.at(largest_share_found(rate, 2.0, 1e-5))
        assert y == pytest.approx(expected, abs=1.5)
    assert 'class="hatch"' in drawn
    assert 'class="hatch"' not in attack_roc([[{"fpr": 0.001, "tpr": 0.002}]])


def test_models_stand_in_order_and_this_one_is_filled():
    drawn = privacy_curve(
        [("1", number(0.7)), ("3", number(0.8)), ("none", number(0.9))], own=1, metric="accuracy"
    )
    ((first, low), (second, middle), (third, high)) = points(drawn, "line two")[0]
    assert first < second < third
    assert low > middle > high, "up is more"
    shapes = re.findall(r'<circle class="(\w+)" cx="([\d.]+)"', drawn)
    assert shapes == [("hollow", str(first)), ("dot", str(second)), ("hollow", str(third))]
    assert ">none<" in drawn
