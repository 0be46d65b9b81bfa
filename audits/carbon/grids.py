"""How much CO2e a kilowatt-hour stands for, by country.

The numbers are CodeCarbon's packaged ones, read from its files without importing it and without a network:
per country from Our World in Data (which takes them from Ember and the Energy Institute), mostly of 2022 and
2023, and the world's average from the International Energy Agency (475 g CO2e per kWh in 2018).
https://ourworldindata.org/grapher/carbon-intensity-electricity,
https://www.iea.org/reports/global-energy-co2-status-report-2019/emissions
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...platform.exceptions import SpecError, nearest
from ..config import CarbonConfig

UNIT = "g CO2e per kWh"

SHOWN = ("NOR", "SWE", "FRA", "BRA", "GBR", "USA", "DEU", "JPN", "CHN", "POL", "ZAF", "IND")
"""Grids that a report compares, from the cleanest to the dirtiest kind: hydro, nuclear, mixed, coal."""


@dataclass(frozen=True, kw_only=True)
class Intensity:
    """Grams of CO2e that one kilowatt-hour stands for."""

    value: float
    source: str
    assumed: bool
    """True where nobody declared a grid; then `low` and `high` span the grids of `SHOWN`."""
    low: float
    high: float

    def to_json(self) -> dict[str, Any]:
        """As it stands in report.json under `carbon.intensity`."""
        found = {"value": self.value, "unit": UNIT, "source": self.source, "assumed": self.assumed}
        return found | {"range": [self.low, self.high]}


def intensity(config: CarbonConfig) -> Intensity:
    """The intensity that a spec declares, its country's, or the world's average.

    Raises:
        SpecError: the country is unknown, or the declared intensity is not a finite number of 0 or more.
    """
    if config.intensity is not None:
        value = _checked(config.intensity)
        return Intensity(value=value, source="declared in the spec", assumed=False, low=value, high=value)
    if config.country is not None:
        value, year, name = _country(config.country)
        source = f"{name}, {year}: Our World in Data, packaged with CodeCarbon {version('codecarbon')}"
        return Intensity(value=value, source=source, assumed=False, low=value, high=value)
    world = float(_data("carbon_intensity_per_source.json")["world_average"])
    source = (
        f"world average, 2018: International Energy Agency, packaged with CodeCarbon {version('codecarbon')}"
    )
    around = [grid["value"] for grid in grids().values()] + [world]
    return Intensity(value=world, source=source, assumed=True, low=min(around), high=max(around))


def grids() -> dict[str, dict[str, Any]]:
    """The grids of `SHOWN`: ISO code to name, year and grams of CO2e per kWh."""
    found = {code: _country(code) for code in SHOWN}
    return {code: {"name": name, "year": year, "value": value} for code, (value, year, name) in found.items()}


def _country(code: str) -> tuple[float, int, str]:
    """Grams per kWh, year and name of a country by its ISO 3166 alpha-3 code, in any case."""
    data = _data("global_energy_mix.json")
    known = {iso: grid for iso, grid in data.items() if grid.get("carbon_intensity")}
    grid = known.get(code.strip().upper())
    if grid is None:
        by_name = {item["country_name"].casefold(): iso for iso, item in known.items()}
        meant = by_name.get(code.strip().casefold())
        raise SpecError(
            "audit.carbon.country names no grid that we have numbers for",
            got=repr(code),
            expected="an ISO 3166 alpha-3 code, as SWE",
            mend=f"write {meant}" if meant else nearest(code.strip().upper(), known),
        )
    return float(grid["carbon_intensity"]), int(grid["year"]), str(grid["country_name"])


def _checked(value: float) -> float:
    if not 0 <= value < float("inf"):
        raise SpecError(
            "audit.carbon.intensity is not an intensity",
            got=value,
            expected=f"a number of 0 or more, in {UNIT}",
            mend="take it from your electricity contract, or leave it out and name the country",
        )
    return float(value)


@cache
def _data(name: str) -> dict[str, Any]:
    """One of CodeCarbon's packaged files."""
    spec = find_spec("codecarbon")
    folders = spec.submodule_search_locations if spec else None
    assert folders, "codecarbon is a dependency of this package"
    path = Path(folders[0]) / "data" / "private_infra" / name
    return json.loads(path.read_text(encoding="utf-8"))
