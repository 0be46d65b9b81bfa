"""What an attack's `epsilon_lower` says of a claimed epsilon; the standard library only."""

from collections.abc import Mapping
from typing import Any, Literal

__all__ = ["ATTACKS", "decisive", "read_claim"]

Reading = Literal["fail", "inconclusive", "pass"]

ATTACKS = ("epsilon_lower", "epsilon_lower_black_box")
"""Bounds by canaries, as `report.json` names them: gradients in the steps, and rows in the training data."""

_SAYS_MOST: tuple[Reading, ...] = ("fail", "pass", "inconclusive")


def decisive(shown: Mapping[str, Any], claim: float) -> str | None:
    """Which attack says most of a claim: one that refutes it, else one that could have; None where none was.

    Args:
        shown: what each attack found, by its name in `ATTACKS`; other names are left alone.
        claim: an epsilon.
    """
    made = [name for name in ATTACKS if name in shown]
    return min(made, key=lambda name: _SAYS_MOST.index(read_claim(shown[name], claim)[0]), default=None)


def read_claim(found: Mapping[str, Any], claim: float) -> tuple[Reading, str]:
    """Judge a claim by a bound from canaries.

    Args:
        found: `value`, what epsilon is at least; `detectable`, the largest that could have been shown; `n`.
        claim: an epsilon.

    Returns:
        `fail`, `inconclusive` or `pass`, and the reason. A pass says that an attack that was able to refute
        the claim didn't.
    """
    lower, detectable = found["value"], found["detectable"]
    if lower > claim:
        return "fail", f"epsilon is at least {lower:.3g}, and {claim:g} was claimed"
    if detectable < claim:
        few = f"{found['n']} canaries can show at most {detectable:.3g}"
        return "inconclusive", f"{few}, and {claim:g} was claimed"
    return "pass", f"the attack could have shown {detectable:.3g} and showed {lower:.3g} of {claim:g} claimed"
