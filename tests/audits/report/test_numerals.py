"""Every number in a report is finite and has twelve digits."""

import json
from typing import Any

from assay.audits.report.numerals import settle
from hypothesis import given
from hypothesis import strategies as st

json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(json_like)
def test_any_value_becomes_json_without_nan(value: Any):
    settled, _ = settle({"held": value})
    json.dumps(settled, allow_nan=False)


@given(json_like)
def test_settling_twice_changes_nothing(value: Any):
    once, _ = settle({"held": value})
    assert settle(once) == (once, {})


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_rounding_keeps_twelve_digits(value: float):
    settled, reasons = settle(value)
    assert reasons == {}
    assert abs(settled - value) <= 5.1e-12 * abs(value)


def test_minus_zero_is_zero():
    assert str(settle(-0.0)[0]) == "0.0"
