"""Who is exposed: a group that is learned by heart is flagged, chance is not, small groups are named."""

import numpy as np
import pytest
from assay.audits.multiplicity import holm
from assay.audits.privacy.exposure import by_group
from scipy.special import ndtr
from sklearn.metrics import roc_auc_score


def draw(rng: np.random.Generator, sizes: dict[str, int], shifts: dict[str, float]):
    """Scores whose members stand `shift` above the others, by group."""
    group = np.repeat(list(sizes), list(sizes.values()))
    member = rng.random(len(group)) < 0.5
    shift = np.array([shifts.get(name, 0.0) for name in group])
    return shift * member + rng.standard_normal(len(group)), member, group


def test_a_minority_that_is_learned_by_heart_is_flagged_and_its_gap_is_measured():
    scores, member, group = draw(
        np.random.default_rng(0), {"many": 3000, "few": 200}, {"few": 1.0, "many": 0.1}
    )
    found = by_group(scores, member, {"group": group}, minimum=20, confidence=0.95).values["group"]
    assert found["groups"]["few"]["flagged"]
    mine = group == "few"
    area = found["groups"]["few"]["mia_auc"]
    assert area["value"] == pytest.approx(roc_auc_score(member[mine], scores[mine]))
    assert area["low"] < ndtr(1 / np.sqrt(2)) < area["high"]
    assert found["difference"]["between"] == ["few", "many"]
    assert found["difference"]["low"] > 0


def test_false_flags_stay_under_five_percent_over_all_groups_together():
    rng, flagged = np.random.default_rng(1), 0
    for _ in range(300):
        scores, member, first = draw(rng, {"a": 200, "b": 80, "c": 60}, {})
        second = rng.permutation(np.repeat(["x", "y"], 170))
        found = by_group(scores, member, {"first": first, "second": second}, minimum=20, confidence=0.95)
        flagged += any(
            entry["flagged"] for column in found.values.values() for entry in column["groups"].values()
        )
    assert flagged / 300 <= 0.05 + 2 * (0.05 * 0.95 / 300) ** 0.5


def test_p_values_are_adjusted_over_all_columns():
    scores, member, group = draw(np.random.default_rng(2), {"a": 100, "b": 100}, {"a": 1.0})
    alone = by_group(scores, member, {"one": group}, minimum=20, confidence=0.95)
    twice = by_group(scores, member, {"one": group, "two": group}, minimum=20, confidence=0.95)
    single = alone.values["one"]["groups"]["a"]["p_value"]
    assert twice.values["one"]["groups"]["a"]["p_value"] == pytest.approx(2 * single)
    assert holm(np.full(4, single / 2))[0] == pytest.approx(2 * single)


def test_a_small_group_is_missing_and_left_out_of_the_gap():
    rng = np.random.default_rng(3)
    scores, member, group = draw(rng, {"a": 300, "b": 300, "tiny": 8}, {})
    found = by_group(scores, member, {"group": group}, minimum=20, confidence=0.95)
    assert "fewer than 20" in found.missing["/group/groups/tiny/mia_auc"]
    assert found.values["group"]["difference"]["excluded"] == ["tiny"]
    assert set(found.values["group"]["groups"]) == {"a", "b"}


def test_one_group_alone_has_nothing_to_be_compared_with():
    scores, member, group = draw(np.random.default_rng(4), {"a": 100}, {})
    found = by_group(scores, member, {"group": group}, minimum=20, confidence=0.95)
    assert "/group/difference" in found.missing
    assert set(found.values["group"]["groups"]["a"]) == {"mia_auc"}


def test_without_sensitive_columns_there_is_nothing_to_say():
    found = by_group(np.zeros(4), np.array([True, True, False, False]), {}, minimum=2, confidence=0.95)
    assert (found.values, found.missing) == ({}, {})
