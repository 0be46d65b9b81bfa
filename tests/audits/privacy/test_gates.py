"""Policies on privacy: what passes, fails and stays open, and that an attack refutes a claim."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from assay.audits.check import Check, CheckResult
from assay.audits.findings import Findings, pointer
from assay.audits.metrics import METRICS
from assay.audits.policy import evaluate, validate
from assay.audits.privacy.config import PrivacyAuditConfig
from assay.audits.privacy.lira import ShadowConfidences
from assay.audits.privacy.measure import measure
from assay.audits.privacy.members import MemberEvidence
from assay.audits.privacy.shadows import halves
from assay.platform.exceptions import SpecError
from assay.platform.privacy.canaries.scores import CanaryScores

BOTH = PrivacyAuditConfig(attacks=("loss_threshold", "lira"), rates=(0.1, 0.01))


def evidence(leak: float = 0.0, rows: int = 2000) -> MemberEvidence:
    """Members whose loss is smaller by `leak`; of the group `few` there are 15 rows."""
    rng = np.random.default_rng(0)
    member, included = rng.random(rows) < 0.5, halves(8, rows, rng=rng)
    outputs = np.stack([np.zeros(rows), rng.standard_normal(rows) + leak * member], axis=1)
    group = np.where(rng.random(rows) < 0.3, "a/b", "m")
    group[:15] = "few"
    return MemberEvidence(
        outputs=outputs,
        y_true=np.ones(rows, dtype=int),
        member=member,
        sensitive={"sex": group},
        shadows=ShadowConfidences(confidence=rng.standard_normal((8, rows)), included=included),
    )


def canaries(signal: float, count: int = 1000) -> CanaryScores:
    rng = np.random.default_rng(1)
    included = rng.random(count) < 0.5
    return CanaryScores(scores=signal * included + rng.standard_normal(count), included=included, delta=1e-5)


def report(found: Findings, epsilon: float | None = 3.0, delta: float = 1e-5) -> dict:
    privacy = {"audited": found.values}
    if epsilon is not None:
        privacy["claimed"] = {"epsilon": epsilon, "delta": 1e-5}
        privacy["cumulative"] = {"epsilon": epsilon + 1, "delta": delta}
    missing = {f"/privacy/audited{place}": why for place, why in found.missing.items()}
    return json.loads(json.dumps({"privacy": privacy, "missing": missing}))


def judged(found: dict, **check) -> CheckResult:
    asked = Check(**check)
    validate((asked,), sensitive=("sex",))
    return evaluate((asked,), found).checks[0]


def test_a_claim_within_its_limit_passes_and_one_above_fails():
    found = report(measure(canaries(0.3), evidence(), BOTH))
    assert judged(found, metric="epsilon", max=3.0).status == "pass"
    assert judged(found, metric="epsilon", max=2.9).status == "fail"
    assert judged(found, metric="epsilon_cumulative", max=4.0).status == "pass"
    assert judged(found, metric="epsilon_cumulative", max=3.9).status == "fail"


def test_an_attack_that_shows_more_than_is_claimed_fails_every_limit_on_the_claim():
    found = report(measure(canaries(30.0), evidence(), BOTH))
    assert found["privacy"]["audited"]["epsilon_lower"]["value"] > 5
    for metric in ("epsilon", "epsilon_cumulative"):
        result = judged(found, metric=metric, max=100.0)
        assert result.status == "fail"
        assert "refuted by an attack" in result.reason
    assert judged(
        report(measure(canaries(30.0), None, BOTH), epsilon=50.0), metric="epsilon", max=60.0
    ).status == ("pass")


def test_a_sum_at_a_larger_delta_is_not_refuted_by_a_bound_at_a_smaller_one():
    found = report(measure(canaries(30.0), None, BOTH), delta=1e-3)
    assert judged(found, metric="epsilon_cumulative", max=100.0).status == "pass"
    assert judged(found, metric="epsilon", max=100.0).status == "fail"


@pytest.mark.parametrize(
    ("signal", "count", "limit", "status"),
    [
        (0.3, 1000, 3.0, "pass"),
        (30.0, 1000, 3.0, "fail"),
        (0.3, 100, 3.0, "inconclusive"),
        (0.3, 1000, 8.0, "inconclusive"),
    ],
)
def test_a_limit_on_what_an_attack_shows_is_only_kept_where_it_could_have_shown_more(
    signal, count, limit, status
):
    result = judged(report(measure(canaries(signal, count), None, BOTH)), metric="epsilon_lower", max=limit)
    assert result.status == status
    assert result.pointer == "/privacy/audited/epsilon_lower"


def test_other_confidences_have_bounds_of_their_own():
    lower = {"metric": "epsilon_lower", "max": 3.0, "confidence": 0.99}
    without = report(measure(canaries(0.3), None, BOTH))
    assert judged(without, **lower).status == "inconclusive"
    with_bounds = report(measure(canaries(0.3), None, BOTH, confidences=(0.99,)))
    assert judged(with_bounds, **lower).status == "pass"
    few = report(measure(canaries(0.3, 130), None, BOTH, confidences=(0.99,)))
    assert few["privacy"]["audited"]["epsilon_lower"]["detectable"] > 3
    assert judged(few, **lower | {"confidence": 0.95}).status == "pass"
    assert judged(few, **lower).status == "inconclusive"


def test_the_strongest_attack_decides():
    quiet, loud = evidence(), evidence(leak=2.0)
    found = measure(None, loud, BOTH).values["membership"]
    assert found["loss_threshold"]["mia_auc"]["value"] > 0.85 > 0.6 > found["lira"]["mia_auc"]["value"] - 0.3
    result = judged(report(measure(None, loud, BOTH)), metric="mia_auc", max=0.6)
    assert result.status == "fail"
    assert judged(report(measure(None, quiet, BOTH)), metric="mia_auc", max=0.6).status == "pass"
    assert judged(report(measure(None, quiet, BOTH)), metric="mia_auc", max=0.51).status == "inconclusive"


def test_an_attack_that_was_asked_for_and_not_made_leaves_the_check_open():
    silent = MemberEvidence(outputs=evidence().outputs, y_true=evidence().y_true, member=evidence().member)
    for metric in ("mia_auc", "mia_tpr"):
        result = judged(report(measure(None, silent, BOTH)), metric=metric, max=0.6)
        assert result.status == "inconclusive"
        assert "no shadow models" in result.reason


def test_without_any_rate_no_share_is_judged():
    result = judged(report(measure(None, evidence(), replace(BOTH, rates=()))), metric="mia_tpr", max=0.6)
    assert result.status == "inconclusive"


def test_the_share_found_is_read_at_the_smallest_rate_that_was_measured():
    found = report(measure(None, evidence(leak=2.0), BOTH))
    result = judged(found, metric="mia_tpr", max=0.05)
    assert result.status == "fail"
    assert str(result.pointer).endswith("/mia_tpr/0.1")
    few = judged(report(measure(None, evidence(rows=100), BOTH)), metric="mia_tpr", max=0.05)
    assert few.status == "inconclusive"
    assert "0.1 needs 100 non-members" in few.reason


def test_groups_are_judged_one_by_one_and_one_too_small_to_attack_keeps_all_from_passing():
    found = report(measure(None, evidence(), BOTH))
    assert judged(found, metric="mia_auc", over="sex", group="a/b", max=0.65).status == "pass"
    every = judged(found, metric="mia_auc", over="sex", max=0.65)
    assert every.status == "inconclusive"
    assert "fewer than 20" in every.reason
    loud = report(measure(None, evidence(leak=2.0), BOTH))
    result = judged(loud, metric="mia_auc", over="sex", max=0.65)
    assert result.status == "fail"
    place = pointer("privacy", "audited", "membership", "loss_threshold", "attributes", "sex", "groups")
    assert str(result.pointer).startswith(place)


@pytest.mark.parametrize("metric", ["epsilon", "epsilon_cumulative", "epsilon_lower", "mia_auc", "mia_tpr"])
def test_where_nothing_was_attacked_or_claimed_nothing_is_decided(metric):
    empty = report(measure(None, None, BOTH), epsilon=None)
    assert judged(empty, metric=metric, max=0.9).status == "inconclusive"
    assert judged({"missing": {"/privacy": "not asked for"}}, metric=metric, max=0.9).reason == (
        "not measured: not asked for"
    )


@pytest.mark.parametrize(
    ("check", "word"),
    [
        ({"metric": "epsilon_lower", "min": 1.0}, "weak model"),
        ({"metric": "epsilon", "over": "sex", "max": 1.0}, "not measured by group"),
        ({"metric": "mia_tpr", "over": "sex", "max": 0.5}, "not measured by group"),
        ({"metric": "mia_auc", "over": ("sex", "sex"), "max": 0.5}, "intersections"),
        ({"metric": "epsilon", "not_worse_than": "champion"}, "can't be asked so"),
    ],
)
def test_what_no_report_answers_is_refused(check, word):
    with pytest.raises(SpecError, match=word):
        validate((Check(**check),), sensitive=("sex",))


def test_every_metric_of_privacy_is_found_where_it_may_be_asked_for():
    found = report(measure(canaries(0.3), evidence(), BOTH))
    asked = {name for name, metric in METRICS.items() if "privacy" in metric.sections}
    assert asked == {"epsilon", "epsilon_cumulative", "epsilon_lower", "mia_auc", "mia_tpr"}
    for name in asked:
        limit = 5.0 if name.startswith("epsilon") else 1.0
        assert judged(found, metric=name, max=limit).status == "pass", name


def test_policies_on_privacy_are_read_without_heavy_libraries():
    program = (
        "import sys, assay.audits.policy; print([m for m in ('numpy', 'torch', 'scipy') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "[]\n"


@pytest.mark.parametrize(("steps", "outputs"), [(0.3, 30.0), (30.0, 0.3), (None, 30.0)])
def test_a_claim_that_either_attack_refutes_is_refuted(steps, outputs):
    beside = None if steps is None else canaries(steps)
    found = report(measure(beside, evidence(), BOTH, canary_rows=canaries(outputs)))
    for check in ({"metric": "epsilon", "max": 100.0}, {"metric": "epsilon_lower", "max": 3.0}):
        result = judged(found, **check)
        assert result.status == "fail"
        assert "epsilon is at least 5" in result.reason
    weaker = "epsilon_lower" if outputs == 30.0 else "epsilon_lower_black_box"
    refuting = {"epsilon_lower", "epsilon_lower_black_box"} - {weaker}
    assert judged(found, metric="epsilon_lower", max=3.0).pointer == pointer("privacy", "audited", *refuting)


def test_an_attack_too_weak_to_refute_takes_nothing_from_one_that_could():
    found = report(measure(canaries(0.3), evidence(), BOTH, canary_rows=canaries(0.3, count=20)))
    shown = judged(found, metric="epsilon_lower", max=3.0)
    assert (shown.status, shown.pointer) == ("pass", pointer("privacy", "audited", "epsilon_lower"))
    alone = report(measure(None, evidence(), BOTH, canary_rows=canaries(0.3, count=20)))
    weak = judged(alone, metric="epsilon_lower", max=3.0)
    assert (weak.status, weak.pointer) == (
        "inconclusive",
        pointer("privacy", "audited", "epsilon_lower_black_box"),
    )
