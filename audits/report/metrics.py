"""What a metric is called on paper, in which unit it is written, and its words for tables and glossary."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..metrics import METRICS

__all__ = ["Metric", "Unit", "describe", "in_order"]

Unit = Literal["share", "plain", "kwh", "kg"]


@dataclass(frozen=True)
class Metric:
    """A metric as a reader meets it."""

    title: str
    unit: Unit
    better: Literal["higher", "lower", "neither"]
    says: str
    cannot: str


_TITLES = {
    "auroc": "AUROC",
    "macro_auroc": "AUROC, mean over classes",
    "macro_f1": "F1, mean over classes",
    "macro_precision": "Precision, mean over classes",
    "macro_average_precision": "Average precision, mean over classes",
    "r2": "R²",
    "mean_calibration_gap": "Mean score minus observed share",
    "epsilon": "Privacy loss ε, claimed",
    "epsilon_cumulative": "Privacy loss ε of all runs",
    "epsilon_lower": "Privacy loss ε, shown by an attack",
    "mia_auc": "Members told from others (AUROC)",
    "mia_tpr": "Members found at few false alarms",
    "kwh": "Energy of the whole run",
    "kg_co2e": "Emissions of the whole run",
}
"""Titles that are not just the name with spaces."""

_UNITS: dict[str, Unit] = {"kwh": "kwh", "kg_co2e": "kg"}

_FAITHFULNESS = {
    "deletion_advantage": (
        "How much more the score falls when what the method calls important is taken away first, than when "
        "anything is; 0 is no better than chance.",
        "Whether single shares are right: taking away makes rows that cannot exist.",
    ),
    "insertion_advantage": (
        "How much more the score rises when what the method calls important is told first than when anything "
        "is; 0 is no better than chance.",
        "Whether single shares are right: telling a part makes rows that cannot exist.",
    ),
    "stability_rank_correlation": (
        "How alike the order of the explanation stays when the row changes by a hair (noise of 2% of each "
        "number's spread); 1 is the same order.",
        "Whether a stable explanation is right: one that never changes is the most stable.",
    ),
    "stability_change": (
        "How far shares move under the same noise, against their own size; 0 is not at all.",
        "Whether the explanation moved for no reason, or because the model did.",
    ),
    "randomization_rank_correlation": (
        "How alike the explanations stay when the weights are replaced by random ones (Adebayo et al. 2018); "
        "near 0 they follow what was learned, near 1 they only follow the input.",
        "Whether an explanation that changes is also right.",
    ),
}
"""Checks of explanations, by what follows the method's name."""


def describe(name: str) -> Metric:
    """A metric by its name in the report; a name that no table knows is at least made readable."""
    known = METRICS.get(name)
    if known is not None:
        bounded = known.range[0] >= -1 and known.range[1] <= 1
        unit = _UNITS.get(name, "share" if bounded else "plain")
        return Metric(_title(name), unit, known.better, _sentence(known.summary), _sentence(known.blind))
    for check, (says, cannot) in _FAITHFULNESS.items():
        if name.endswith(check):
            return Metric(_title(name), "share", "neither", says, cannot)
    return Metric(_title(name), "plain", "neither", "Defined by the audit that measured it.", "Not stated.")


def of_method(name: str) -> tuple[str, str]:
    """Method and check of a faithfulness check: `grad_cam_deletion_advantage` is both, joined."""
    for check in _FAITHFULNESS:
        if name.endswith(f"_{check}"):
            return name.removesuffix(f"_{check}"), check
    return "", name


def in_order(names: Iterable[str], first: tuple[str, ...] = ()) -> list[str]:
    """Names as the table of metrics has them, some of them first; unknown ones last, by the alphabet."""
    order = {
        name: place for place, name in enumerate((*first, *(name for name in METRICS if name not in first)))
    }
    return sorted(names, key=lambda name: (order.get(name, len(order)), name))


def _title(name: str) -> str:
    base, _, kind = name.rpartition("_")
    if name in _TITLES:
        return _TITLES[name]
    if kind in ("difference", "ratio") and base:
        return f"{_title(base)} {kind}"
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _sentence(words: str) -> str:
    """A summary of the table as a sentence."""
    return f"{words[:1].upper()}{words[1:]}."
