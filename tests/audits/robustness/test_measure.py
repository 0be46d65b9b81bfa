import numpy as np
import pytest
from assay.audits.config import AuditConfig, RobustnessConfig
from assay.audits.findings import Findings, number
from assay.audits.predictions import Predictions
from assay.audits.robustness import TESTS, check, join, measure
from assay.platform.exceptions import SpecError


def predictions(rows=100, seed=0):
    rng = np.random.default_rng(seed)
    scores = rng.random(rows)
    return Predictions(
        task="binary", classes=("no", "yes"), positive="yes", rows=np.arange(rows),
        y_true=(rng.random(rows) < scores).astype(np.int64), y_pred=(scores >= 0.5).astype(np.int64),
        scores=np.stack([1 - scores, scores], axis=1), sensitive={"g": rng.choice(["a", "b"], rows)},
    )  # fmt: skip


def test_the_same_predictions_give_the_same_findings():
    config = AuditConfig()
    assert measure(predictions(), predictions(seed=1), config) == measure(
        predictions(), predictions(seed=1), config
    )


def test_only_what_was_asked_for_is_measured():
    asked = AuditConfig(robustness=RobustnessConfig(tests=("abstention",)))
    found = measure(predictions(), predictions(seed=1), asked).values
    assert "abstention" in found
    assert "conformal" not in found
    nothing = AuditConfig(robustness=RobustnessConfig(tests=()))
    assert measure(predictions(), predictions(), nothing) == Findings()


def test_without_validation_rows_the_reason_is_said():
    assert measure(None, predictions(), AuditConfig()).missing.keys() == {"/conformal", "/abstention"}


def test_parts_of_one_group_stand_together_and_numbers_stay_whole():
    one, two = number(0.5, 0.4, 0.6, 10), number(0.7, 0.6, 0.8, 10)
    parts = [
        Findings(
            values={"groups": {"g": {"a": {"n": 10, "metrics": {name: value}}}}}, missing={f"/{name}": "why"}
        )
        for name, value in (("first", one), ("second", two))
    ]
    joined = join(*parts)
    assert joined.values["groups"]["g"]["a"]["metrics"] == {"first": one, "second": two}
    assert joined.missing == {"/first": "why", "/second": "why"}


def test_a_part_that_found_nothing_does_not_call_the_section_missing():
    nothing = Findings(missing={"": "the model can't be asked"})
    both = join(measure(predictions(), predictions(seed=1), AuditConfig()), nothing)
    assert both.missing == {"/families": "the model can't be asked"}
    assert join(Findings(), nothing) == nothing


@pytest.mark.parametrize(
    "settings",
    [
        {"tests": ("corruption",)},
        {"alpha": 0.0},
        {"abstain": 1.0},
        {"rows": 0},
        {"attack_rows": 0},
        {"steps": 0},
        {"epsilons": ()},
        {"epsilons": (0.1, 0.03)},
        {"epsilons": (-0.1,)},
    ],
)
def test_settings_that_mean_nothing_are_refused(settings):
    with pytest.raises(SpecError):
        check(RobustnessConfig(**settings))


def test_an_unknown_test_is_answered_with_the_nearest():
    with pytest.raises(SpecError, match="corruptions"):
        check(RobustnessConfig(tests=("corruption",)))


def test_every_test_says_what_it_cannot_tell():
    check(RobustnessConfig(tests=tuple(TESTS)))
    assert all(test.summary and test.paper and test.cannot_say for test in TESTS.values())
