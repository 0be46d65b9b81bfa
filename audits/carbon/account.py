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
from .hardware import elsewhere

_STAGE_OF_KIND = {
    "dataset": "ingest",
    "pretrained": "pretrain",
    "model": "train",
    "calibrated": "calibrate",
    "mitigated": "mitigate",
    "audit": "audit",
}
"""Artifacts are named for what they hold, reports speak of the stage that made them."""

_GRAMS = 1000.0


def account(manifests: Sequence[Mapping[str, Any]], config: CarbonConfig) -> Findings:
    """Energy by stage, their sum, and what the sum stands for in kg CO2e.

    A stage that came from the store keeps the cost of the run that made it, so the account doesn't shrink by
    being run again. A stage whose reading is missing is listed, the total is then absent, and
    `settings.kwh_at_least` says what was read: an unread stage is never counted as zero, nor as the mean of
    the others.

    Args:
        manifests: manifests as JSON, one a stage, in order. `seconds` and `energy` (the meter's reading) are
            read; of `details` also `parts` (name and CPU seconds of each worker, trial or candidate, among
            which a stage's energy is shared out) and `prediction` (rows and seconds of a plain prediction).
        config: the grid.

    Returns:
        `kwh` {value, low, high, n: stages} in kWh, `kg_co2e` likewise in kg, `kwh_per_1000_predictions`,
        `intensity`, `stages`, `method`, `estimated`, `complete` (no stage unread or flagged), and the same
        work on other `grids` and other `hardware`.
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
        "estimated": any(reading.get("estimated", True) for reading in readings),
        "hardware": elsewhere(sum(reading.get("cpu_seconds", 0.0) for reading in readings)),
    }
    settings: dict[str, Any] = {
        "scope": "operation of this machine; making it, cooling and networks are not included",
    }
    values |= _of_predictions(manifests)
    if "kwh_per_1000_predictions" not in values:
        missing["/kwh_per_1000_predictions"] = "no stage timed plain predictions and had its energy read"
    read = [stage["kwh"] for stage in stages if "kwh" in stage]
    if len(read) < len(stages) or not stages:
        settings["kwh_at_least"] = float(sum(kwh["value"] for kwh in read))
        unread = [why for place, why in missing.items() if place.startswith("/stages")]
        why = "not every stage was read: " + ("; ".join(unread) or "there is no stage")
        return Findings(
            values=values | {"settings": settings}, missing={"/kwh": why, "/kg_co2e": why} | missing
        )
    total = _total(read)
    other_grids = [
        {"grid": code, **other, "kg_co2e": total["value"] * other["value"] / _GRAMS}
        for code, other in grids().items()
    ]
    sums = {"kwh": total, "kg_co2e": _emissions(total, grid)}
    return Findings(values=sums | values | {"grids": other_grids, "settings": settings}, missing=missing)


def _stage(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """One line of the account; without `kwh` where nothing was read."""
    reading, kind = manifest["energy"], str(manifest["kind"])
    flags = list(reading.get("flags", ()))
    if "kwh" not in reading and not flags:
        flags = ["unread: this stage was not metered"]
    stage: dict[str, Any] = {
        "name": _STAGE_OF_KIND.get(kind, kind), "seconds": float(manifest["seconds"]), "flags": flags,
        "estimated": bool(reading.get("estimated", True)),
    }  # fmt: skip
    if reading.get("kwh") is not None:
        value = float(reading["kwh"])
        stage["kwh"] = _estimate(value, float(reading.get("low", value)), float(reading.get("high", value)))
        parts = _parts(stage["kwh"], manifest.get("details", {}).get("parts", ()))
        stage |= {"parts": parts} if parts else {}
    return stage


def _parts(kwh: Mapping[str, float], parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A stage's energy shared out among its workers, trials or candidates, by their CPU time."""
    whole = sum(part["cpu_seconds"] for part in parts)
    return [
        {"name": part["name"], "kwh": _scaled(kwh, part["cpu_seconds"] / whole)} for part in parts if whole
    ]


def _of_predictions(manifests: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Energy of 1,000 plain predictions: the stage's, by the share of its time that they took."""
    for manifest in manifests:
        timed, read = manifest.get("details", {}).get("prediction"), manifest["energy"]
        if timed and read.get("kwh") is not None and manifest["seconds"] > 0:
            share = timed["seconds"] / manifest["seconds"] / timed["rows"] * 1000
            kwh = {end: float(read.get(end, read["kwh"])) for end in ("low", "high")}
            return {"kwh_per_1000_predictions": _scaled(kwh | {"value": float(read["kwh"])}, share)}
    return {}


def _scaled(kwh: Mapping[str, float], share: float) -> dict[str, Any]:
    return _estimate(kwh["value"] * share, kwh["low"] * share, kwh["high"] * share)


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
