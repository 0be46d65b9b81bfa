"""Are some groups found more easily than others? Minorities often are: the model learns them by heart.

Each group's members are compared with its own non-members, so that a group which is merely harder to predict
doesn't look exposed.
"""

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtr

from ..fairness.groups import Groups, encode
from ..findings import Findings, number, pointer
from ..intervals import largest_gap
from ..multiplicity import holm
from .area import Area, as_number, attack_area, together

__all__ = ["by_group"]


def by_group(
    scores: np.ndarray,
    member: np.ndarray,
    sensitive: Mapping[str, np.ndarray],
    *,
    minimum: int,
    confidence: float,
) -> Findings:
    """The attack's area in each group, and against the rest of the rows.

    It can't tell why a group is exposed: few rows, odd rows and doubtful labels all do it.

    Args:
        scores: (n,) the higher, the more likely a member.
        member: (n,) bool
        sensitive: (n,) values of each sensitive column.
        minimum: members and others that a group needs each.
        confidence: of two-sided intervals; a group is flagged at 1 - confidence.

    Returns:
        `{column: {groups: {name: {mia_auc, p_value, flagged}}, difference}}`. `p_value` is of the group's
        area being that of the other rows (two-sided), by Holm's steps over all groups of all columns.
    """
    columns = {column: encode(column, values) for column, values in sensitive.items()}
    found = {
        column: _Column(scores, member, groups, minimum, confidence) for column, groups in columns.items()
    }
    tested = [(column, name) for column, part in found.items() for name in part.p_values]
    adjusted = holm(np.array([found[column].p_values[name] for column, name in tested]))
    for (column, name), p_value in zip(tested, adjusted.tolist(), strict=True):
        entry = found[column].findings.values["groups"][name]
        entry.update(p_value=p_value, flagged=bool(p_value <= 1 - confidence))
    return Findings.gather({column: part.findings for column, part in found.items()})


class _Column:
    """Findings of the groups of one column, and p-values before adjustment."""

    def __init__(
        self, scores: np.ndarray, member: np.ndarray, groups: Groups, minimum: int, confidence: float
    ):
        self.findings = Findings(values={"groups": {}})
        self.p_values: dict[str, float] = {}
        areas: dict[str, Area] = {}
        for code, name in enumerate(groups.names):
            mine = groups.codes == code
            kinds = np.count_nonzero(member & mine), np.count_nonzero(~member & mine)
            if min(kinds) < minimum:
                few = f"the group has {kinds[0]} members and {kinds[1]} others, fewer than {minimum}"
                self.findings.missing[pointer("groups", name, "mia_auc")] = few
                continue
            areas[name] = area = attack_area(scores[mine], member[mine])
            self.findings.values["groups"][name] = {"mia_auc": as_number(area, confidence=confidence)}
            rest = ~mine
            if 2 <= np.count_nonzero(member[rest]) <= np.count_nonzero(rest) - 2:
                self.p_values[name] = _differ(area, attack_area(scores[rest], member[rest]))
        self._gap(areas, groups, confidence)

    def _gap(self, areas: dict[str, Area], groups: Groups, confidence: float) -> None:
        """The largest difference between two groups' areas."""
        if len(areas) < 2:
            self.findings.missing["/difference"] = "fewer than two groups have enough members and others"
            return
        gap = largest_gap(together(list(areas.values())), confidence=confidence)
        ranked = sorted(areas, key=lambda name: areas[name].value)
        self.findings.values["difference"] = number(
            float(gap.value),
            float(gap.low),
            float(gap.high),
            sum(area.members + area.others for area in areas.values()),
            (float(gap.one_sided[0]), float(gap.one_sided[1])),
            between=[ranked[-1], ranked[0]],
        )
        if left_out := [name for name in groups.names if name not in areas]:
            self.findings.values["difference"]["excluded"] = left_out


def _differ(one: Area, other: Area) -> float:
    """Two-sided p-value of two areas from different rows being equal."""
    distance = abs(one.value - other.value) / np.sqrt(one.spread + other.spread)
    return float(2 * ndtr(-distance))
