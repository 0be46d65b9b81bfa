"""Energy and CO2e of a model, added up from the manifests of the artifacts that it was made through.

Location-based accounting of operation alone (GHG Protocol, Scope 2 Guidance, chapter 6,
https://ghgprotocol.org/scope-2-guidance): what making the hardware cost is not in it, nor cooling or
networks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..config import CarbonConfig
from ..findings import Findings, pointer
from .grids import Intensity, grids, intensity

_STAGE_OF_KIND = {
    "dataset": "ingest",
    "pretrained": "pretrain",
    "model": "train",
    "calibrated": "calibrate",
    "audit": "audit",
}
"""Artifacts are named for what they hold, reports speak of the stage that made them."""

_GRAMS = 1000.0


def account(
    manifests: Sequence[Mapping[str, Any]], config: CarbonConfig, *, predictions_kwh: float | None = None
) -> Findings:
    """Energy by stage, their sum, and what the sum stands for in kg CO2e.

    A stage that came from the store keeps the cost of the run that made it, so the account doesn't shrink by
    being run again. A stage whose reading is missing is listed, the total is then absent, and
    `settings.kwh_at_least` says what was read: an unread stage is never counted as zero, nor as the mean of
    the others.

    Args:
        manifests: manifests as JSON, one a stage, in order; `seconds` and `energy` (the meter's reading) are
            read.
        config: the grid.
        predictions_kwh: measured energy of 1,000 predictions, in kWh, if somebody measured it.

    Returns:
        `kwh` {value, low, high, n: stages} in kWh, `kg_co2e` likewise in kg, `intensity`, `stages`, `method`,
        `complete` (no stage unread or flagged), `settings` (the same energy on other grids).
    """
    grid = intensity(config)
    stages = [_stage(manifest) for manifest in manifests]
    readings = [manifest["energy"] for manifest in manifests]
    methods = {str(reading.get("method", "unread")) for reading in readings}
    missing = {
        pointer("stages", index, "kwh"): f"{stage['name']}: {'; '.join(stage['flags'])}"
        for index, stage in enumerate(stages)
        if "kwh" not in stage
    }
    values: dict[str, Any] = {
        "intensity": grid.to_json(),
        "stages": stages,
        "method": ", ".join(sorted(methods)) or "unread",
        "complete": bool(stages) and not any(stage["flags"] for stage in stages),
    }
    settings: dict[str, Any] = {
        "scope": "operation of this machine; making it, cooling and networks are not included",
        "estimated": any(reading.get("estimated", True) for reading in readings),
    }
    if predictions_kwh is not None:
        settings["kwh_per_1000_predictions"] = predictions_kwh
        settings["kg_co2e_per_1000_predictions"] = predictions_kwh * grid.value / _GRAMS
    read = [stage["kwh"] for stage in stages if "kwh" in stage]
    if missing or not stages:
        settings["kwh_at_least"] = float(sum(kwh["value"] for kwh in read))
        why = "not every stage was read: " + ("; ".join(missing.values()) or "there is no stage")
        return Findings(
            values=values | {"settings": settings}, missing={"/kwh": why, "/kg_co2e": why} | missing
        )
    total = _total(read)
    settings["kg_co2e_elsewhere"] = {
        code: total["value"] * other["value"] / _GRAMS for code, other in grids().items()
    }
    sums = {"kwh": total, "kg_co2e": _emissions(total, grid)}
    return Findings(values=sums | values | {"settings": settings})


def _stage(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """One line of the account; without `kwh` where nothing was read."""
    reading, kind = manifest["energy"], str(manifest["kind"])
    flags = list(reading.get("flags", ()))
    if "kwh" not in reading and not flags:
        flags = ["unread: this stage was not metered"]
    stage = {"name": _STAGE_OF_KIND.get(kind, kind), "seconds": float(manifest["seconds"]), "flags": flags}
    if reading.get("kwh") is not None:
        value = float(reading["kwh"])
        stage["kwh"] = _estimate(value, float(reading.get("low", value)), float(reading.get("high", value)))
    return stage


def _total(parts: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Sum of readings. Their errors have one cause, the assumed watts: the ends add up and don't cancel."""
    value, low, high = (sum(part[end] for part in parts) for end in ("value", "low", "high"))
    return _estimate(value, low, high, n=len(parts))


def _emissions(kwh: Mapping[str, float], grid: Intensity) -> dict[str, Any]:
    """kg CO2e = kWh × g per kWh / 1000; the range joins that of the energy and that of an assumed grid."""
    return _estimate(
        kwh["value"] * grid.value / _GRAMS, kwh["low"] * grid.low / _GRAMS, kwh["high"] * grid.high / _GRAMS
    )


def _estimate(value: float, low: float, high: float, n: int = 1) -> dict[str, Any]:
    """A number as it stands in report.json; its range is a bound: gates take its ends as they are."""
    return {"value": value, "low": low, "high": high, "n": n, "one_sided": [low, high]}
