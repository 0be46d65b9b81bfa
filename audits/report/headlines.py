"""The four numbers on the first screen: how good, how unequal, how honest (or private), how costly."""

from collections.abc import Mapping
from typing import Any

from .document import Headline, Inline, Name, Text
from .figures import count, figure, interval
from .metrics import Unit, describe
from .sections.absence import reason
from .sections.performance import leading_metric
from .sections.privacy import outside
from .sections.privacy_loss import epsilon, strongest, verdict_on
from .sections.sheet import title

__all__ = ["headlines"]

_NONE = "not measured"
_SEVERITY = {"fail": 0, "inconclusive": 1, "pass": 2}


def headlines(report: Mapping[str, Any]) -> tuple[Headline, ...]:
    """Always four; one that was not measured says why."""
    trust = _privacy(report) if "claimed" in report.get("privacy", {}) else _calibration(report)
    return (_performance(report), _gap(report), trust, _energy(report))


def _performance(report: Mapping[str, Any]) -> Headline:
    name = leading_metric(report)
    if name is None:
        return _absent(report, "Performance", "/performance", "performance")
    found = report["performance"]
    metric, number = describe(name), found["metrics"][name]
    of = "episodes" if "episodes" in found else "rows"
    label = f"{metric.title}, {count(number.get('n', found['n']))} {found['split']} {of}"
    notes: list[Text] = [_interval(number, metric.unit)]
    rivals = {
        key: held["metrics"][name]
        for key, held in found.get("baselines", {}).items()
        if name in held["metrics"]
    }
    if rivals:
        sign = -1 if metric.better == "lower" else 1
        best = max(rivals, key=lambda key: sign * rivals[key]["value"])
        called: Text = ("best baseline: ", Name(title(best).lower()), f" {figure(rivals[best], metric.unit)}")
        notes.append(called)
        paired = found["baselines"][best].get("difference", {}).get(name)
        if paired:
            held = f"{figure(paired, metric.unit)} ({interval(paired, metric.unit)})"
            notes.append(f"this model minus it: {held}")
    return Headline(label, figure(number, metric.unit), tuple(notes), "performance")


def _gap(report: Mapping[str, Any]) -> Headline:
    """The gap that fares worst by the policy; without one, the largest gap in a rate of any attribute."""
    found = report.get("fairness", {})
    kinds = {**found.get("attributes", {}), **found.get("intersections", {})}
    gaps = [
        (_rank(report, metric, name), -abs(number["value"]), metric, name, number)
        for name, held in kinds.items()
        for metric, number in held.get("differences", {}).items()
        if describe(metric).unit == "share" or not _has_shares(held)
    ]
    if not gaps:
        return _absent(report, "Largest gap between groups", "/fairness", "fairness")
    *_, metric, name, number = min(gaps, key=lambda gap: gap[:2])
    unit = describe(metric).unit
    label: list[Inline] = [f"{describe(metric).title}, ", Name(name)]
    notes: list[Text] = [f"{_interval(number, unit)}, simultaneous"]
    if "between" in number:
        notes.append((Name(number["between"][0]), " and ", Name(number["between"][1])))
    return Headline(tuple(label), figure(number, unit), tuple(notes), "fairness")


def _has_shares(held: Mapping[str, Any]) -> bool:
    return any(describe(metric).unit == "share" for metric in held["differences"])


def _rank(report: Mapping[str, Any], metric: str, name: str) -> int:
    for check in report.get("policy", {}).get("checks", []):
        over = check.get("over") or ()
        asked = over if isinstance(over, str) else " × ".join(over)
        if check["metric"] == metric and asked == name:
            return _SEVERITY[check["status"]]
    return len(_SEVERITY)


def _calibration(report: Mapping[str, Any]) -> Headline:
    numbers = report.get("calibration", {}).get("metrics", {})
    name = next((key for key in ("expected_calibration_error", *numbers) if key in numbers), None)
    if name is None:
        return _absent(report, "Calibration", "/calibration", "calibration")
    unit = describe(name).unit
    return Headline(
        describe(name).title,
        figure(numbers[name], unit),
        (_interval(numbers[name], unit), "mean distance between score and what came true"),
        "calibration",
    )


def _privacy(report: Mapping[str, Any]) -> Headline:
    """An epsilon is never told without what is outside it, nor without what an attack says."""
    found = report["privacy"]
    notes: list[Text] = [outside(report, found)]
    shown = strongest(found)
    if shown is not None:
        least = epsilon(shown["value"])
        refuted = f"refuted: an attack shows at least {least}"
        stands = f"attack: at least {least} of {epsilon(shown['detectable'])} it could show"
        notes.append(refuted if verdict_on(found) == "fail" else stands)
    spent = found.get("cumulative", {})
    if spent:
        total = epsilon(spent["epsilon"]) if "epsilon" in spent else "no bound"
        notes.append(f"on these rows in all: {total}")
    return Headline("Privacy loss ε, claimed", epsilon(found["claimed"]["epsilon"]), tuple(notes), "privacy")


def _energy(report: Mapping[str, Any]) -> Headline:
    found = report.get("carbon", {})
    if "kwh" not in found:
        return _absent(report, "Energy, all stages", "/carbon/kwh", "energy")
    number = found["kwh"] if isinstance(found["kwh"], Mapping) else {"value": found["kwh"]}
    notes: list[Text] = [interval(number, "kwh")] if "low" in number else []
    if "kg_co2e" in found:
        assumed = " at an assumed world average" if found.get("intensity", {}).get("assumed") else ""
        mass = found["kg_co2e"]
        notes.append(f"{figure(mass, 'kg')} CO₂e{assumed} ({interval(mass, 'kg')})")
    if not found["complete"]:
        notes.append("incomplete: not every reading can be trusted")
    return Headline("Energy, all stages", figure(number, "kwh"), tuple(notes), "energy")


def _interval(number: Mapping[str, Any], unit: Unit) -> str:
    return f"95%: {interval(number, unit)}"


def _absent(report: Mapping[str, Any], label: str, place: str, anchor: str) -> Headline:
    why = reason(report, place) or _within(report, place)
    return Headline(label, _NONE, ((Name(why),) if why else "Not in the report.",), anchor)


def _within(report: Mapping[str, Any], place: str) -> str | None:
    """The first reason below a place: a section can be there without the number asked for."""
    return next((why for key, why in report["missing"].items() if key.startswith(place + "/")), None)
