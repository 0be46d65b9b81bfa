"""Numbers on paper: one format a unit."""

import pytest
from assay.audits.report.figures import bound, count, deciding, duration, figure, interval, plain, share_of
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.8617, "0.862"),
        (0.0, "0.000"),
        (1.0, "1.000"),
        (0.00004, "0.00004"),
        (0.9999, "0.9999"),
        (-0.0123, "−0.012"),
    ],
)
def test_a_share_has_three_decimals_and_more_where_it_would_look_like_none_or_all(value: float, shown: str):
    assert figure({"value": value}, "share") == shown


def test_an_interval_has_a_dash_and_a_word_where_a_bound_is_negative():
    assert interval({"value": 0.5, "low": 0.4, "high": 0.6}, "share") == "0.400 – 0.600"
    assert interval({"value": 0.0, "low": -0.1, "high": 0.1}, "share") == "−0.100 to 0.100"
    assert interval({"value": 1.0}, "share") == ""


def test_value_and_interval_share_unit_and_decimals():
    energy = {"value": 0.002994, "low": 0.0022, "high": 0.0044}
    assert (figure(energy, "kwh"), interval(energy, "kwh")) == ("2.99 Wh", "2.20 – 4.40 Wh")
    error = {"value": 12408.23, "low": 12011.0, "high": 12830.9}
    assert (figure(error, "plain"), interval(error, "plain")) == ("12,408", "12,011 – 12,831")
    assert figure({"value": 1.2e-3, "low": 1e-3, "high": 2e-3}, "kg") == "1.20 g"


def test_another_number_of_the_column_can_set_the_decimals():
    assert figure({"value": 0.0021}, "plain", {"value": 0.2, "low": 0.18, "high": 0.22}) == "0.002"


def test_a_limit_keeps_the_digits_it_was_given():
    assert [bound(v, "share") for v in (0.84, 0.8405, 0.2)] == ["0.840", "0.8405", "0.200"]
    assert bound(0.05, "kwh") == "50.0 Wh"
    assert bound(3.0, "plain") == "3"


def test_a_deciding_bound_is_rounded_away_from_its_value():
    assert deciding(0.83999, "min", "share") == "0.839"
    assert deciding(0.20001, "max", "share") == "0.201"
    assert deciding(0.84, "min", "share") == "0.840"


@given(st.floats(0, 1))
def test_a_rounded_bound_never_flatters(value: float):
    assert float(deciding(value, "min", "share")) <= value + 1e-9
    assert float(deciding(value, "max", "share")) >= value - 1e-9


@given(st.floats(-1e300, 1e300))
def test_plain_numbers_read_back_to_four_digits(value: float):
    assert float(plain(value).replace(",", "").replace("−", "-")) == pytest.approx(
        value, rel=6e-4, abs=1e-300
    )


def test_counts_shares_and_times():
    assert [count(16281), count(3.5)] == ["16,281", "3.5"]
    assert [share_of(1, 3), share_of(1, 1e6), share_of(999999, 1e6), share_of(0, 5)] == [
        "33.3%",
        "<0.1%",
        ">99.9%",
        "0.0%",
    ]
    assert [duration(s) for s in (0.418, 37.4, 245, 7380)] == ["0.42 s", "37 s", "4 min 05 s", "2 h 03 min"]
