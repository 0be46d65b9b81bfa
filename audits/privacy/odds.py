"""What an epsilon means in words: how much surer anybody can become that a unit was trained on.

Somebody who sees the model and knows all else plays a test: was this unit among the rows, or wasn't it? Under
(epsilon, delta)-differential privacy no test finds members at a rate above `largest_share_found` (Wasserman &
Zhou 2010, theorem 2.4, https://arxiv.org/abs/0811.2501; Kairouz, Oh & Viswanath 2015, theorem 2.1,
https://arxiv.org/abs/1311.0776). Leaving aside what happens with a chance of delta, odds are multiplied by at
most e^epsilon (Dwork & Roth 2014, lemma 3.17).

These are bounds for the worst unit, the worst rows beside it and the best test: they can't tell what a real
attack finds. Gaussian trade-off curves are tighter, but for sampled steps they only hold in the limit of many
(Dong, Roth & Su 2019, section 5, https://arxiv.org/abs/1905.02383), so none is used here.
"""

from math import exp, isfinite
from typing import Any

__all__ = ["FALSE_ALARMS", "in_odds", "largest_share_found", "posterior", "right_guesses"]

FALSE_ALARMS = (0.01, 0.001)
"""False positive rates at which the share of members found is told."""

_LARGEST = 700.0  # beyond, e^epsilon is no double


def posterior(epsilon: float, prior: float = 0.5) -> float:
    """How sure one can be at most that a unit was in, who was `prior` sure before, in [0, 1].

    Bayes: odds of prior / (1 - prior), times e^epsilon. Holds but for outcomes of chance delta.

    Args:
        epsilon: 0 or more.
        prior: in [0, 1].
    """
    return prior / (prior + (1 - prior) * exp(-epsilon))


def right_guesses(epsilon: float, delta: float) -> float:
    """Largest chance of a right guess, in or out, about a unit that a fair coin put in; 1/2 is chance.

    (e^epsilon + delta) / (1 + e^epsilon): where missed members and false alarms are equally many, on the edge
    of what tests can reach.
    """
    less = exp(-epsilon)
    return (1 + delta * less) / (1 + less)


def largest_share_found(false_alarms: float, epsilon: float, delta: float) -> float:
    """Largest true positive rate of any test that is wrong about this share of the units that weren't in.

    The smaller of e^epsilon · FPR + delta and 1 - e^-epsilon · (1 - delta - FPR), in [0, 1].

    Args:
        false_alarms: in [0, 1].
        epsilon: 0 or more.
        delta: in [0, 1].
    """
    steep = exp(min(epsilon, _LARGEST)) * false_alarms + delta
    flat = 1 - exp(-epsilon) * (1 - delta - false_alarms)
    return min(1.0, max(false_alarms, min(steep, flat)))


def in_odds(epsilon: float, delta: float) -> dict[str, Any]:
    """All of it for one epsilon, as it stands in report.json.

    Args:
        epsilon: 0 or more, finite.
        delta: of the same guarantee.

    Returns:
        `epsilon` and `delta`; `factor` on the odds, absent where it is no finite number; `posterior` of who
        was half sure; `right_guesses`; `share_found{false alarms: share}`.
    """
    assert epsilon >= 0, epsilon
    assert isfinite(epsilon), "nothing is bounded without a finite epsilon"
    return {
        "epsilon": epsilon,
        "delta": delta,
        **({"factor": exp(epsilon)} if epsilon <= _LARGEST else {}),
        "posterior": posterior(epsilon),
        "right_guesses": right_guesses(epsilon, delta),
        "share_found": {f"{rate:g}": largest_share_found(rate, epsilon, delta) for rate in FALSE_ALARMS},
    }
