"""Packaged policies: each is a valid policy, each limit says where it comes from."""

import pytest
from assay.flows.packaged_policies import policy_names, policy_summary, with_packaged
from assay.flows.preflight import preflight
from assay.flows.spec import parse_spec
from assay.platform.exceptions import SpecError

DATA = {"source": "builtin:adult", "target": "income", "sensitive": ["sex", "race"]}


@pytest.mark.parametrize("name", policy_names())
def test_each_is_valid_and_asked_over_every_sensitive_column(name):
    spec = parse_spec({"name": "x", "data": DATA, "policy": [{"use": name}, {"metric": "kwh", "max": 1}]})
    preflight(spec)
    *packaged, own = spec.policy
    assert own.metric == "kwh"
    assert {check.over for check in packaged if check.over} == {"sex", "race"}
    assert all(len(check.source or "") > 20 for check in packaged)
    assert len(policy_summary(name)) > 20
    assert parse_spec(spec.to_dict()) == spec


def test_a_limit_is_a_convention_unless_a_guideline_sets_its_number():
    cited = {
        (name, check["metric"])
        for name in policy_names()
        for check in with_packaged([{"use": name}], sensitive=["sex"])
        if "metric" in check and "onvention" not in check["source"]
    }
    assert cited == {("hiring", "demographic_parity_ratio")}


@pytest.mark.parametrize(
    ("policy", "data", "said"),
    [
        ([{"use": "hirring"}], DATA, "did you mean 'hiring'"),
        ([{"use": "hiring", "min": 0.5}], DATA, "stands alone"),
        ([{"use": "hiring"}], {"source": "builtin:adult", "target": "income"}, "data.sensitive"),
    ],
)
def test_what_can_not_be_used_is_refused(policy, data, said):
    with pytest.raises(SpecError, match=said):
        parse_spec({"name": "x", "data": data, "policy": policy})


def test_the_confidences_that_a_policy_asks_for_are_measured():
    policy = [{"metric": "accuracy", "min": 0.5, "confidence": c} for c in (0.99, 0.95, 0.9)]
    spec = parse_spec({"name": "x", "data": DATA, "policy": policy})
    assert spec.audit.confidences == (0.9, 0.99)


@pytest.mark.parametrize("override", ["seeds=0", "seeds=1000", "audit.confidences=[1.5]"])
def test_numbers_out_of_their_range_are_refused(override):
    with pytest.raises(SpecError, match="out of its range"):
        preflight(parse_spec({"name": "x", "data": DATA}, [override]))
