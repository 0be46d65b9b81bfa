"""Strips: the interval where it belongs, the limit on the right side."""

import re

from assay.audits.report.charts.bar import bar
from assay.audits.report.charts.scale import Scale
from assay.audits.report.charts.stages import stage_bar
from assay.audits.report.charts.strip import strip

UNIT = Scale(0.0, 1.0, (0.0, 0.5, 1.0))


def test_the_interval_stands_at_its_place_and_is_for_eyes_only():
    drawn = strip({"value": 0.5, "low": 0.25, "high": 0.75}, UNIT, {})
    assert 'x1="25.0%" x2="75.0%"' in drawn
    assert 'aria-hidden="true"' in drawn


def test_the_forbidden_side_is_below_a_minimum_and_above_a_maximum():
    below = strip({"value": 0.5}, UNIT, {"min": 0.3})
    above = strip({"value": 0.5}, UNIT, {"max": 0.8})
    assert re.search(r'class="bad" x="0%" width="30.0%"', below)
    assert re.search(r'class="bad" x="80.0%" width="20.0%"', above)
    assert 'class="hatch"' in below, "without colour the hatching says it"


def test_a_bar_below_zero_is_hatched():
    scale = Scale(-1.0, 1.0, (-1.0, 0.0, 1.0))
    assert "hatch" in bar({"value": -0.5}, scale)
    assert "hatch" not in bar({"value": 0.5}, scale)


def test_segments_share_the_width_and_names_are_escaped():
    drawn = stage_bar([("<b>", 3.0), ("none", 0.0), ("b", 1.0)])
    assert re.findall(r'width="([\d.]+)%"', drawn) == ["75.00", "25.00"]
    assert "&lt;b&gt;" in drawn
    assert "<b>" not in drawn
