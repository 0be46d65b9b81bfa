"""What evidence says as a whole: every attack that was asked for is there, or why it isn't."""

import json
from dataclasses import replace

import numpy as np
import pytest
from assay.audits.privacy import one_run
from assay.audits.privacy.config import PrivacyAuditConfig
from assay.audits.privacy.lira import ShadowConfidences
from assay.audits.privacy.measure import measure
from assay.audits.privacy.members import MemberEvidence
from assay.audits.privacy.shadows import halves
from assay.platform.privacy.canaries.scores import CanaryScores

ROWS = 400
BOTH = PrivacyAuditConfig(attacks=("loss_threshold", "lira"))


def members(shadows: bool = True, regression: bool = False) -> MemberEvidence:
    rng = np.random.default_rng(0)
    member = rng.random(ROWS) < 0.5
    included = halves(8, ROWS, rng=rng)
    outputs = np.stack([np.zeros(ROWS), rng.standard_normal(ROWS) + 2 * member], axis=1)
    known = ShadowConfidences(confidence=rng.standard_normal((8, ROWS)) + 2 * included, included=included)
    return MemberEvidence(
        outputs=outputs[:, 1] if regression else outputs,
        y_true=np.ones(ROWS, dtype=int),
        member=member,
        sensitive={"sex": np.where(rng.random(ROWS) < 0.3, "f", "m")},
        **({"shadows": known} if shadows else {}),
    )


def canaries() -> CanaryScores:
    rng = np.random.default_rng(1)
    included = rng.random(200) < 0.5
    return CanaryScores(scores=included + rng.standard_normal(200), included=included, delta=1e-5)


def test_all_attacks_are_measured_and_can_be_written_down():
    found = measure(canaries(), members(), BOTH)
    assert set(found.values) == {"epsilon_lower", "membership", "settings"}
    assert json.loads(json.dumps(found.values))["membership"]["lira"]["mia_auc"]["low"] > 0.8
    assert (
        found.values["membership"]["loss_threshold"]["attributes"]["sex"]["groups"]["f"]["flagged"] is False
    )
    assert set(found.missing) == {
        f"/membership/{attack}/mia_tpr/{rate}"
        for attack in ("loss_threshold", "lira")
        for rate in ("0.01", "0.001")
    }
    expected = one_run.measure(canaries().scores, canaries().included, delta=1e-5)
    assert found.values["epsilon_lower"] == expected.values["epsilon_lower"]


@pytest.mark.parametrize(
    ("evidence", "pointer", "reason"),
    [
        ({"canaries": None, "members": members()}, "/epsilon_lower", "no canaries"),
        ({"canaries": canaries(), "members": None}, "/membership/loss_threshold", "isn't known"),
        ({"canaries": None, "members": members(shadows=False)}, "/membership/lira", "no shadow"),
        (
            {"canaries": None, "members": replace(members(), shadows="too large")},
            "/membership/lira",
            "too large",
        ),
        ({"canaries": None, "members": members(regression=True)}, "/membership/lira", "classes"),
    ],
    ids=["canaries", "members", "shadows", "why no shadows", "regression"],
)
def test_what_there_is_no_evidence_for_is_missing_with_the_reason(evidence, pointer, reason):
    assert reason in measure(config=BOTH, **evidence).missing[pointer]


def test_settings_reach_the_attacks():
    config = PrivacyAuditConfig(confidence=0.8, guesses=(0.5,), minimum_group_size=190, lira="offline")
    narrow, wide = measure(canaries(), members(), config), measure(canaries(), members(), BOTH)
    assert narrow.values["epsilon_lower"]["guesses"] == 100
    areas = [of.values["membership"]["loss_threshold"]["mia_auc"] for of in (narrow, wide)]
    assert areas[0]["high"] - areas[0]["low"] < areas[1]["high"] - areas[1]["low"]
    assert "/membership/loss_threshold/attributes/sex/groups/f/mia_auc" in narrow.missing
    assert "lira" not in narrow.values["membership"]


def test_bounds_at_other_confidences_stand_beside_and_are_those_measured_at_them():
    found = measure(canaries(), members(), BOTH, confidences=(0.95, 0.99)).values
    bound = found["epsilon_lower"]
    strict = one_run.measure(canaries().scores, canaries().included, delta=1e-5, confidence=0.99)
    assert bound["one_sided_at"] == {"0.99": strict.values["epsilon_lower"]["one_sided"]}
    assert bound["detectable_at"] == {"0.99": strict.values["epsilon_lower"]["detectable"]}
    assert bound["detectable_at"]["0.99"] < bound["detectable"]
    area = found["membership"]["loss_threshold"]["mia_auc"]
    wide = measure(canaries(), members(), replace(BOTH, confidence=0.98)).values
    two_sided = wide["membership"]["loss_threshold"]["mia_auc"]
    assert area["one_sided_at"] == {"0.99": [two_sided["low"], two_sided["high"]]}
    gap = found["membership"]["loss_threshold"]["attributes"]["sex"]["difference"]
    assert "one_sided_at" not in gap


def test_without_any_evidence_or_any_attack_asked_for_the_whole_is_missing():
    nothing_asked = replace(BOTH, attacks=())
    found = (measure(None, None, BOTH), measure(None, members(), nothing_asked))
    assert [of.values for of in found] == [{}, {}]
    assert "isn't known" in found[0].missing[""]
    assert "asked for" in found[1].missing[""]
    attacked = measure(canaries(), None, nothing_asked)
    assert attacked.values["epsilon_lower"]
    assert attacked.values["membership"] == {}


def test_the_attack_by_outputs_is_measured_as_that_on_steps_is_and_only_where_it_was_asked_for():
    rng = np.random.default_rng(3)
    included = rng.random(300) < 0.5
    rows = CanaryScores(scores=included + rng.standard_normal(300), included=included, delta=1e-5)
    at = {"confidences": (0.9,)}
    found = measure(None, None, BOTH, canary_rows=rows, **at)
    expected = measure(rows, None, BOTH, **at).values["epsilon_lower"]
    assert found.values["epsilon_lower_black_box"] == expected
    assert "epsilon_lower" not in found.values
    without = measure(rows, None, BOTH, **at)
    assert not any("black_box" in name for name in (*without.values, *without.missing))
    broken = replace(rows, scores=np.full(300, np.nan))
    assert "not numbers" in measure(None, None, BOTH, canary_rows=broken).missing["/epsilon_lower_black_box"]
