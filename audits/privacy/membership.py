"""Findings of one membership attack: does it tell the rows that were trained on from others?

Loss threshold: Yeom et al. (2018), https://arxiv.org/abs/1709.01604. Likelihood ratio and what to report:
Carlini et al. (2022), https://arxiv.org/abs/2112.03570
"""

from collections.abc import Mapping, Sequence

import numpy as np

from ..findings import Findings, number, pointer
from ..intervals import GATE
from .area import as_number, attack_area
from .exposure import by_group
from .roc import log_points, share_found, share_found_limits

__all__ = ["measure"]

ALARMS = 10
"""Non-members above a threshold that a false positive rate must rest on."""


def measure(
    scores: np.ndarray,
    member: np.ndarray,
    *,
    sensitive: Mapping[str, np.ndarray] | None = None,
    rates: Sequence[float] = (0.01, 0.001),
    minimum_group_size: int = 20,
    confidence: float = 0.95,
) -> Findings:
    """How well the scores of an attack tell members from others.

    An area of 1/2 doesn't prove that nothing leaks: a better attack may see more. An area above it proves a
    leak only if members and others come from one population: where the test rows are newer, or of another
    place, it may only tell the two apart.

    Args:
        scores: (n,) the higher, the more likely a member.
        member: (n,) bool: the rows that were trained on.
        sensitive: (n,) values of each sensitive column.
        rates: false positive rates at which the share of members found is told.
        minimum_group_size: members and others that a group needs each.
        confidence: of two-sided intervals.

    Returns:
        `mia_auc`, `mia_tpr{rate: number}`, `roc[{fpr, tpr}]`, `attributes{column: {groups, difference}}`.
    """
    members = int(np.count_nonzero(member))
    if not 2 <= members <= len(member) - 2:
        few = f"there are {members} members and {len(member) - members} others; two of each are needed"
        return Findings(missing={pointer(of): few for of in ("mia_auc", "mia_tpr", "roc")})
    if np.any(np.isnan(scores)):
        unknown = "some rows' scores are not numbers"
        return Findings(missing={pointer(of): unknown for of in ("mia_auc", "mia_tpr", "roc")})
    found = Findings.gather(
        {
            "mia_tpr": _shares(scores, member, rates, confidence),
            "attributes": by_group(
                scores, member, sensitive or {}, minimum=minimum_group_size, confidence=confidence
            ),
        }
    )
    found.values["mia_auc"] = as_number(attack_area(scores, member), confidence=confidence)
    found.values["roc"] = log_points(scores, member)
    return found


def _shares(scores: np.ndarray, member: np.ndarray, rates: Sequence[float], confidence: float) -> Findings:
    """Share of members found at each false positive rate that enough non-members support."""
    found, others = Findings(), int(np.count_nonzero(~member))
    for rate in rates:
        if others * rate < ALARMS * (1 - 1e-12):
            found.missing[pointer(f"{rate:g}")] = (
                f"a false positive rate of {rate:g} needs {np.ceil(ALARMS / rate):.0f} non-members,"
                f" there are {others}"
            )
            continue
        low, high = share_found_limits(scores, member, rate, (1 + confidence) / 2)
        one_sided = share_found_limits(scores, member, rate, GATE)
        found.values[f"{rate:g}"] = number(
            share_found(scores, member, rate), low, high, len(scores), one_sided, others=others
        )
    return found
