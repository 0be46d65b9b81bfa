"""Every method and every constraint that a spec may name. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from ..exceptions import UsageError


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to mitigate; the code is in the file of the same name."""

    summary: str
    paper: str
    """Authors, year, where."""
    cannot_say: str
    """What it can't do, or doesn't promise."""
    parameter: str
    """What the grid moves."""
    grid: int
    """Candidates where the spec names no number."""
    trains: bool = True
    """Whether it fits networks, in this process."""
    sensitive_at_prediction: bool = False
    """Whether a prediction needs the sensitive columns."""
    needs: str | None = None
    """A library that the extra `mitigation` installs."""


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """What should be equal between groups."""

    summary: str
    rates: tuple[str, ...]
    """Rates that should be equal."""
    combined: str
    """How the gaps of several rates become one: `largest` or `mean`."""
    metric: str
    """Name of that gap in the report."""
    moment: str
    """Fairlearn's class for the reductions."""


# fmt: off
METHODS: Mapping[str, Method] = {
    "reweighing": Method(
        summary="weigh train rows so that group and label look independent",
        paper="Kamiran & Calders (2012), Knowledge and Information Systems 33(1)",
        cannot_say="promises nothing about error rates, nor that the network follows the weights: with "
        "enough capacity it fits every row whatever it weighs",
        parameter="strength of the weights, from 0 (none) to 1", grid=3),
    "correlation_removal": Method(
        summary="remove from the features what a linear fit on the group explains",
        paper="Fairlearn's CorrelationRemover; least squares, one fit a feature",
        cannot_say="leaves what isn't linear, and says nothing of the labels; the group must be known at "
        "prediction time",
        parameter="share of the correlation removed, from 0 to 1", grid=3, sensitive_at_prediction=True),
    "exponentiated_gradient": Method(
        summary="a game between a learner and the constraint, whose answer is a mixture of networks",
        paper="Agarwal et al. (2018), ICML, https://arxiv.org/abs/1803.02453",
        cannot_say="the guarantee is of the mixture's mean on train rows, and supposes that each network is "
        "the best one, which gradient descent doesn't promise",
        parameter="gap allowed on train rows", grid=1, needs="fairlearn"),
    "grid_search": Method(
        summary="one network for each of a grid of multipliers of the same game; no mixture",
        paper="Agarwal et al. (2018), section 3.4, https://arxiv.org/abs/1803.02453",
        cannot_say="a grid is coarse, and for several groups or constraints very much so",
        parameter="number of the multiplier in the grid", grid=8, needs="fairlearn"),
    "threshold": Method(
        summary="another threshold for each group, mixed by chance where that alone can't do",
        paper="Hardt, Price & Srebro (2016), NeurIPS, https://arxiv.org/abs/1610.02413",
        cannot_say="treats people of different groups with equal scores differently; the group must be known "
        "at prediction time",
        parameter="gap allowed on the rows that they are fitted on", grid=6, trains=False,
        sensitive_at_prediction=True),
    "adversarial": Method(
        summary="train against a second network that guesses the group from the score",
        paper="Zhang, Lemoine & Mitchell (2018), AIES, https://arxiv.org/abs/1801.07593",
        cannot_say="only what this adversary could guess is hidden; training may not settle",
        parameter="weight of the adversary", grid=4),
}

CONSTRAINTS: Mapping[str, Constraint] = {
    "demographic_parity": Constraint(
        summary="groups receive the positive decision equally often",
        rates=("selection",), combined="largest",
        metric="demographic_parity_difference", moment="DemographicParity"),
    "equal_opportunity": Constraint(
        summary="those who are positive receive the positive decision equally often",
        rates=("true_positive",), combined="largest",
        metric="equal_opportunity_difference", moment="TruePositiveRateParity"),
    "equalized_odds": Constraint(
        summary="those who are positive receive the positive decision equally often, and those who are "
        "negative, too: the larger of the two gaps",
        rates=("true_positive", "false_positive"), combined="largest",
        metric="equalized_odds_difference", moment="EqualizedOdds"),
    "average_odds": Constraint(
        summary="those who are positive receive the positive decision equally often, and those who are "
        "negative, too: the mean of the two gaps",
        rates=("true_positive", "false_positive"), combined="mean",
        metric="average_odds_difference", moment="EqualizedOdds"),
}
# fmt: on


def check_installed(method: str) -> None:
    """Refuse a method whose library isn't there, before anything is trained.

    Raises:
        UsageError: it isn't installed.
    """
    needs = METHODS[method].needs
    if needs is not None and find_spec(needs) is None:
        alone = ", ".join(name for name, row in METHODS.items() if row.needs is None)
        raise UsageError(
            f"mitigate.method {method} needs {needs}",
            got="it isn't installed",
            expected="the extra `mitigation`",
            mend=f"pip install 'assay[mitigation]', or take one of {alone}",
        )
