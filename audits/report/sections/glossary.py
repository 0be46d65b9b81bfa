"""Every metric of this report in plain words, and what each cannot tell."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..document import Column, Row, Section, Table
from ..metrics import describe, in_order, of_method

__all__ = ["glossary"]

_INTERVAL = (
    "95% interval",
    "Drawn from other samples of the same kind, 95 of 100 such intervals would hold the true value.",
    "What changes when the model is trained again, or the world moves on.",
)

_EPSILONS = {"epsilon": "claimed", "epsilon_cumulative": "cumulative"}


def glossary(report: Mapping[str, Any]) -> Section:
    """Only the metrics that appear; the order is that of the table of words, then the alphabet."""
    names = in_order(set(_names(report)))
    words = [(describe(name).title, describe(name).says, describe(name).cannot) for name in names]
    rows = tuple(Row(entry) for entry in [*words, _INTERVAL])
    heads = (Column("Metric"), Column("What it says"), Column("What it cannot tell"))
    table = Table(caption="The metrics of this report in plain words", columns=heads, rows=rows)
    return Section("glossary", "Glossary", (table,))


def _names(report: Mapping[str, Any]) -> Iterator[str]:
    """Keys of every `metrics`, `differences`, `ratios` and `faithfulness`, and what the policy asks for."""
    stack: list[Any] = [report.get(key) for key in ("performance", "calibration", "fairness", "explanation")]
    while stack:
        held = stack.pop()
        if isinstance(held, Mapping):
            for key in ("metrics", "differences", "ratios", "faithfulness"):
                names = held.get(key, ()) if isinstance(held.get(key), Mapping) else ()
                yield from (of_method(name)[1] for name in names)
            stack += held.values()
    yield from _of_privacy(report.get("privacy", {}))
    yield from (check["metric"] for check in report.get("policy", {}).get("checks", []))
    yield from (key for key in ("kwh", "kg_co2e") if key in report.get("carbon", {}))


def _of_privacy(found: Mapping[str, Any]) -> Iterator[str]:
    """What the section on privacy has, as policies name it."""
    audited = found.get("audited", {})
    yield from (name for name, part in _EPSILONS.items() if "epsilon" in found.get(part, {}))
    yield from (name for name in ("epsilon_lower",) if name in audited)
    for attack in audited.get("membership", {}).values():
        yield from (name for name in ("mia_auc", "mia_tpr") if attack.get(name))
