"""The account against sums by hand, and against stages that nobody read."""

import math

import pytest
from assay.audits.carbon import account
from assay.audits.config import CarbonConfig
from assay.platform.metering import Reading
from hypothesis import given
from hypothesis import strategies as st

SWEDEN = CarbonConfig(country="SWE")


def manifest(kind="model", seconds=10.0, **energy):
    return {"kind": kind, "seconds": seconds, "energy": energy}


def read(kwh, low=None, high=None, **more):
    low, high = kwh if low is None else low, kwh if high is None else high
    return manifest(kwh=kwh, low=low, high=high, method="cpu_load", flags=[], **more)


def test_the_total_is_the_sum_of_the_stages_and_its_range_the_sum_of_their_ranges():
    values = account([read(0.1, 0.05, 0.4), read(0.2, 0.1, 0.3)], CarbonConfig(intensity=500)).values
    assert values["kwh"]["value"] == pytest.approx(0.3)
    assert (values["kwh"]["low"], values["kwh"]["high"]) == pytest.approx((0.15, 0.7))
    assert values["kg_co2e"]["value"] == pytest.approx(0.15)
    assert (values["kg_co2e"]["low"], values["kg_co2e"]["high"]) == pytest.approx((0.075, 0.35))
    assert values["complete"]


def test_an_assumed_grid_widens_the_emissions_to_the_range_of_grids():
    values = account([read(1.0)], CarbonConfig()).values
    assert values["intensity"]["assumed"]
    low, high = values["intensity"]["range"]
    assert values["kg_co2e"]["value"] == pytest.approx(0.475)
    assert (values["kg_co2e"]["low"], values["kg_co2e"]["high"]) == pytest.approx((low / 1000, high / 1000))
    assert low < 50 < 700 < high


@given(
    st.lists(
        st.none() | st.floats(min_value=1e-9, max_value=1e3), min_size=1, max_size=6
    ).filter(lambda stages: None in stages)
)  # fmt: skip
def test_an_unread_stage_takes_the_total_away_and_is_never_zero_or_averaged(stages):
    manifests = [read(kwh) if kwh else manifest(flags=["zero: cpu: not read"]) for kwh in stages]
    found = account(manifests, SWEDEN)
    assert "kwh" not in found.values
    assert "kg_co2e" not in found.values
    assert not found.values["complete"]
    assert {"/kwh", "/kg_co2e", f"/stages/{stages.index(None)}/kwh"} <= found.missing.keys()
    assert found.values["settings"]["kwh_at_least"] == pytest.approx(sum(kwh for kwh in stages if kwh))


def test_a_flagged_reading_counts_but_the_account_is_not_complete():
    found = account([manifest(kwh=0.1, flags=["overlap: two at once"])], SWEDEN)
    assert found.values["kwh"]["value"] == 0.1
    assert not found.values["complete"]


def test_a_stage_without_any_reading_says_that_it_was_not_metered():
    found = account([manifest(kind="dataset")], SWEDEN)
    assert found.values["stages"][0]["name"] == "ingest"
    assert "not metered" in found.missing["/stages/0/kwh"]


def test_no_stages_is_not_a_cost_of_zero():
    found = account([], SWEDEN)
    assert "kwh" not in found.values
    assert not found.values["complete"]


def test_a_meter_that_failed_ends_in_an_incomplete_account():
    reading = Reading(flags=("unread: ImportError: no codecarbon",), seconds=3.0)
    found = account([manifest(**reading.to_json())], SWEDEN)
    assert "no codecarbon" in found.missing["/kwh"]
    assert found.values["method"] == "unread"


def test_the_same_energy_is_shown_on_other_grids():
    grids = account([read(2.0)], SWEDEN).values["grids"]
    elsewhere = {grid["grid"]: grid["kg_co2e"] for grid in grids}
    assert elsewhere["SWE"] == pytest.approx(account([read(2.0)], SWEDEN).values["kg_co2e"]["value"])
    assert elsewhere["IND"] > 10 * elsewhere["SWE"]
    assert all(math.isfinite(kg) for kg in elsewhere.values())


def test_a_thousand_predictions_cost_their_share_of_the_stage_that_made_them():
    audit = read(1.0, 0.5, 2.0) | {"details": {"prediction": {"rows": 4000, "seconds": 2.0}}}
    found = account([read(5.0), audit], SWEDEN).values["kwh_per_1000_predictions"]
    # 2 of 10 seconds, for 4,000 rows.
    assert (found["value"], found["low"], found["high"]) == pytest.approx((0.05, 0.025, 0.1))


def test_without_timed_predictions_their_cost_is_missing_and_the_total_is_there():
    found = account([read(1.0)], SWEDEN)
    assert "kwh_per_1000_predictions" not in found.values
    assert found.missing.keys() == {"/kwh_per_1000_predictions"}
    assert found.values["kwh"]["value"] == 1.0


def test_a_stage_is_shared_out_among_its_workers_by_their_cpu_time():
    parts = [{"name": "worker 0", "cpu_seconds": 30.0}, {"name": "worker 1", "cpu_seconds": 10.0}]
    (stage,) = account([read(0.4, 0.2, 0.8) | {"details": {"parts": parts}}], SWEDEN).values["stages"]
    assert [part["kwh"]["value"] for part in stage["parts"]] == pytest.approx([0.3, 0.1])
    assert sum(part["kwh"]["high"] for part in stage["parts"]) == pytest.approx(0.8)


def test_an_estimate_is_named_one_at_each_stage():
    values = account([read(0.1, estimated=True), read(0.2, estimated=False)], SWEDEN).values
    assert [stage["estimated"] for stage in values["stages"]] == [True, False]
    assert values["estimated"]
