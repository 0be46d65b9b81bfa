"""Every metric of this report in plain words, and what each cannot tell."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..document import Section, Terms
from ..metrics import METRICS, describe

__all__ = ["glossary"]


def glossary(report: Mapping[str, Any]) -> Section:
    """Only the metrics that appear; the order is that of the table of words, then the alphabet."""
    order = {name: index for index, name in enumerate(METRICS)}
    names = sorted(set(_names(report)), key=lambda name: (order.get(name, len(order)), name))
    entries = [(describe(name).title, describe(name).says, describe(name).cannot) for name in names]
    entries.append(
        (
            "95% interval",
            "Drawn from other samples of the same kind, 95 of 100 such intervals would hold the true value.",
            "What changes when the model is trained again, or the world moves on.",
        )
    )
    return Section("glossary", "Glossary", (Terms(tuple(entries)),))


def _names(report: Mapping[str, Any]) -> Iterator[str]:
    """Keys of every `metrics`, `differences` and `ratios`, and what the policy asks for."""
    stack: list[Any] = [report.get(key) for key in ("performance", "calibration", "fairness")]
    while stack:
        held = stack.pop()
        if isinstance(held, Mapping):
            for key in ("metrics", "differences", "ratios"):
                yield from held.get(key, ()) if isinstance(held.get(key), Mapping) else ()
            stack += held.values()
    yield from (check["metric"] for check in report.get("policy", {}).get("checks", []))
    yield from (key for key in ("kwh", "kg_co2e") if key in report.get("carbon", {}))
