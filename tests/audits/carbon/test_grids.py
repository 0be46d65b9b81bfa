"""Intensities against published ones, and against countries that don't exist."""

import subprocess
import sys

import pytest
from assay.audits.carbon import intensity
from assay.audits.carbon.grids import SHOWN, grids
from assay.audits.config import CarbonConfig
from assay.platform.exceptions import SpecError


@pytest.mark.parametrize(
    ("country", "low", "high"),
    # Ember, Yearly Electricity Data, rounded outwards, https://ember-energy.org/data/yearly-electricity-data/
    [("SWE", 30, 50), ("FRA", 40, 90), ("DEU", 340, 400), ("USA", 350, 400), ("IND", 690, 740)],
)  # fmt: skip
def test_a_countrys_intensity_is_near_the_published_one(country, low, high):
    found = intensity(CarbonConfig(country=country))
    assert low < found.value < high
    assert found.value == found.low == found.high
    assert not found.assumed


def test_a_declared_intensity_wins_over_the_country():
    found = intensity(CarbonConfig(country="SWE", intensity=12.5))
    assert (found.value, found.source) == (12.5, "declared in the spec")


def test_without_a_country_the_world_average_is_assumed():
    found = intensity(CarbonConfig())
    assert found.assumed
    assert found.value == 475
    assert found.low < found.value < found.high


@pytest.mark.parametrize(
    ("code", "mend"), [("SVE", "SWE"), ("Sweden", "write SWE"), ("", "known"), ("🙂", "known")]
)
def test_an_unknown_country_names_what_is_meant(code, mend):
    with pytest.raises(SpecError, match=mend):
        intensity(CarbonConfig(country=code))


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_an_intensity_that_is_none_is_refused(value):
    with pytest.raises(SpecError, match="not an intensity"):
        intensity(CarbonConfig(intensity=value))


def test_a_code_may_be_written_in_small_letters():
    assert intensity(CarbonConfig(country=" swe ")) == intensity(CarbonConfig(country="SWE"))


def test_every_grid_that_reports_compare_exists():
    assert set(grids()) == set(SHOWN)


def test_reading_grids_does_not_import_codecarbon():
    code = (
        "import sys; from assay.audits.carbon import intensity; from assay.audits.config import CarbonConfig;"
        "intensity(CarbonConfig()); sys.exit('codecarbon' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
