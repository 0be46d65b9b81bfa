"""The trade-off curve: what is not beaten, and marks that differ by shape."""

import re

from assay.audits.report.charts.trade_off import pareto, trade_off
from hypothesis import given
from hypothesis import strategies as st

values = st.floats(0, 1, allow_subnormal=False)


@given(st.lists(st.tuples(values, values), min_size=1, max_size=12))
def test_a_point_stays_exactly_where_no_other_beats_it(points):
    kept = {points[index] for index in pareto(points)}
    for gap, accuracy in points:
        beaten = any(g <= gap and a >= accuracy and (g, a) != (gap, accuracy) for g, a in points)
        assert ((gap, accuracy) in kept) == (not beaten)


def number(value):
    return {"value": value, "low": value - 0.01, "high": value + 0.02}


def test_every_candidate_is_told_apart_without_colour():
    points = [
        (str(i), number(gap), number(accuracy))
        for i, (gap, accuracy) in enumerate([(0.15, 0.86), (0.01, 0.84), (0.05, 0.855), (0.2, 0.8)])
    ]
    svg = str(trade_off(points, chosen=1, limit=0.02, gap="gap"))
    assert len(re.findall('<rect class="hollow"', svg)) == 1
    assert len(re.findall("<polygon", svg)) == 1
    assert len(re.findall("<circle", svg)) == 2
    assert len(re.findall('class="whisker"', svg)) == 8
    assert len(re.findall('class="limit"', svg)) == 1
    assert all(f">{label}</text>" in svg for label in "0123")
