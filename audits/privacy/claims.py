"""What an attack's `epsilon_lower` says of a claimed epsilon; the standard library only."""

from collections.abc import Mapping
from typing import Any, Literal

__all__ = ["read_claim"]

Reading = Literal["fail", "inconclusive", "pass"]


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
