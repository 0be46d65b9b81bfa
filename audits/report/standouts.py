"""What stands out: the few findings that a reader should meet before the tables, in one sentence each.

Only what is beyond chance by its own test or interval is said, and what voids a promise; none of it decides
anything, the gate does.
"""

from collections.abc import Mapping
from typing import Any

from .document import Inline, Name
from .figures import count, figure, interval
from .privacy_standouts import privacy_lines
from .sections.changed_rows import change_name
from .sections.subgroups import slice_name

__all__ = ["standouts"]

Line = tuple[Inline, ...]


def standouts(report: Mapping[str, Any]) -> list[Line]:
    """Broken promises of privacy, then the worst subgroup, the group that sets fail, the worst change."""
    robustness = report.get("robustness", {})
    lines = [_subgroup(report), _coverage(robustness), _change(robustness)]
    return [*privacy_lines(report.get("privacy", {})), *(line for line in lines if line)]


def _subgroup(report: Mapping[str, Any]) -> Line:
    """The slice that differs most, of those that the search found."""
    statistics = report.get("slices", {}).get("statistics", {})
    found = statistics.get("error", {}).get("found", [])
    worse = [one for one in found if one["difference"]["value"] > 0]
    if not worse or report["model"]["task"] == "regression":
        return ()
    worst = max(worse, key=lambda one: one["difference"]["value"])
    inside, elsewhere = (f"{worst[key]:.1%}" for key in ("value", "elsewhere"))
    return (
        f"Wrong in {inside} of the {count(worst['n'])} rows with ",
        *slice_name(worst["slice"]),
        f", in {elsewhere} elsewhere.",
    )


def _coverage(robustness: Mapping[str, Any]) -> Line:
    """The group that is covered least, if surely less than was promised."""
    promised = robustness.get("conformal", {}).get("promised")
    covered = [
        (group["metrics"]["conformal_coverage"], column, name)
        for column, groups in robustness.get("groups", {}).items()
        for name, group in groups.items()
        if "conformal_coverage" in group["metrics"] and not group.get("small")
    ]
    below = [held for held in covered if promised is not None and held[0]["high"] < promised]
    if not below:
        return ()
    number, column, name = min(below, key=lambda held: held[0]["value"])
    return (
        f"Prediction sets that promise {figure({'value': promised}, 'share')} hold the truth in "
        f"{figure(number, 'share')} ({interval(number, 'share')}) of the rows with ",
        Name(column), " ", Name(name), ".",
    )  # fmt: skip


def _change(robustness: Mapping[str, Any]) -> Line:
    """The change that costs most accuracy, if surely some."""
    families = [
        held
        for held in robustness.get("families", {}).values()
        if held["measure"] == "accuracy" and held["worst"]["high"] < held["clean"]["low"]
    ]
    if not families:
        return ()
    worst = min(families, key=lambda held: held["worst"]["value"])
    said = change_name(worst["worst_change"])
    return (
        f"Accuracy falls from {figure(worst['clean'], 'share')} to {figure(worst['worst'], 'share')} "
        f"({interval(worst['worst'], 'share')}) by one change of the test rows: ",
        *(said if isinstance(said, tuple) else (said,)),
        ".",
    )
