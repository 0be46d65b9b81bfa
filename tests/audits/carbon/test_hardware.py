"""Rated watts against CodeCarbon's own list of processors, and energy by hand."""

import csv
from importlib.util import find_spec
from pathlib import Path

import pytest
from assay.audits.carbon.hardware import PROCESSORS, elsewhere


@pytest.mark.parametrize("processor", PROCESSORS, ids=lambda processor: processor.name)
def test_rated_watts_are_those_that_codecarbon_lists(processor):
    (folder,) = find_spec("codecarbon").submodule_search_locations
    with open(Path(folder) / "data" / "hardware" / "cpu_power.csv", encoding="utf-8") as file:
        listed = {row["Name"]: row["TDP"] for row in csv.DictReader(file)}
    assert processor.watts == float(listed[processor.name])


def test_a_thread_hour_costs_the_rated_watts_of_a_thread():
    found = {line["name"]: line["kwh"] for line in elsewhere(3600.0)}
    assert found["AMD EPYC 9654"] == pytest.approx(360 / 192 / 1000)
    assert list(found.values()) == sorted(found.values())
