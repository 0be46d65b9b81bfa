"""The tests of robustness that a spec may name, what each is for, and what it cannot tell."""

from dataclasses import dataclass

from ...platform.exceptions import SpecError, nearest
from ..config import RobustnessConfig

__all__ = ["TESTS", "Test", "check", "wanted"]


@dataclass(frozen=True)
class Test:
    """One test."""

    summary: str
    paper: str
    cannot_say: str


TESTS = {
    "prediction_sets": Test(
        "conformal prediction sets: is the true label inside as often as promised, in every group?",
        "Vovk et al. 2005; Romano et al. 2020; Angelopoulos et al. 2021",
        "What happens on rows of another kind than the test rows: the promise is about exchangeable rows.",
    ),
    "abstention": Test(
        "the least confident rows left undecided: accuracy on the rest, and who is left",
        "Geifman & El-Yaniv 2017; Jones et al. 2021",
        "Who decides about the rows that are left, and how well.",
    ),
    "recalibration": Test(
        "calibration error before and after temperature scaling",
        "Guo et al. 2017",
        "Whether another recipe would mend more: one number for all scores can't mend one group alone.",
    ),
    "corruptions": Test(
        "images: 15 kinds of noise, blur, weather and digital faults at 5 severities",
        "Hendrycks & Dietterich 2019",
        "How often such faults occur where the model is used; the severities are scaled to small images.",
    ),
    "column_shifts": Test(
        "tables: noise, shifted and rescaled numbers, categories never seen",
        "Breck et al. 2019, data validation",
        "Which shift will come: each changes one thing and leaves the true labels as they were.",
    ),
    "missing_values": Test(
        "tables: cells emptied at random, and whole columns",
        "Rubin 1976 (missing completely at random)",
        "What values that go missing for a reason do: that reason often has to do with the label.",
    ),
    "typos": Test(
        "text: swapped, dropped, repeated and neighbouring letters, wrong case",
        "Belinkov & Bisk 2018",
        "Other wording, other languages, or text that is meant to deceive.",
    ),
    "adversarial": Test(
        "the smallest changes that hurt most: FGSM and PGD",
        "Goodfellow et al. 2015; Madry et al. 2018",
        "That no stronger attack exists: it bounds the accuracy under attack from above only.",
    ),
    "out_of_distribution": Test(
        "does the model tell rows from elsewhere by its confidence, or by its representation?",
        "Hendrycks & Gimpel 2017; Liu et al. 2020; Lee et al. 2018; Sun et al. 2022",
        "Anything about real rows from elsewhere: what was asked is made from test rows, and easy to tell.",
    ),
}


def wanted(name: str, config: RobustnessConfig) -> bool:
    """Whether a spec asks for a test: by name, or by naming none."""
    return config.tests is None or name in config.tests


def check(config: RobustnessConfig) -> None:
    """Refuse settings that mean nothing, before anything runs.

    Raises:
        SpecError: an unknown test, a share outside (0, 1), no rows, no steps, sizes of attacks out of order.
    """
    for name in config.tests or ():
        if name not in TESTS:
            raise SpecError("unknown test of robustness", got=name, mend=nearest(name, TESTS))
    for name in ("alpha", "abstain"):
        if not 0 < getattr(config, name) < 1:
            raise SpecError(
                f"audit.robustness.{name} is no share", got=getattr(config, name), expected="between 0 and 1"
            )
    for name in ("rows", "attack_rows", "steps"):
        if getattr(config, name) < 1:
            raise SpecError(
                f"audit.robustness.{name} is too small", got=getattr(config, name), expected="at least 1"
            )
    sizes = config.epsilons
    if not sizes or min(sizes) <= 0 or list(sizes) != sorted(set(sizes)):
        raise SpecError(
            "audit.robustness.epsilons are no sizes of attacks", got=sizes, expected="rising numbers above 0"
        )
