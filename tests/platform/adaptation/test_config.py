"""What the section `adapt` may say."""

import inspect

import pytest
from assay.models.domains import DomainAdversary
from assay.platform.adaptation.config import AdaptConfig
from assay.platform.adaptation.methods import METHODS
from assay.platform.exceptions import SpecError
from assay.platform.training.domain import _PENALTIES


def test_every_method_has_a_penalty_with_its_options():
    assert set(_PENALTIES) == set(METHODS)
    signature = inspect.signature(DomainAdversary).parameters
    assert {name: signature[name].default for name in METHODS["dann"].options} == METHODS["dann"].options
    for name, method in METHODS.items():
        _PENALTIES[name](8, **method.options)


def test_what_is_not_said_is_the_methods_own():
    config = AdaptConfig(target="csv:b.csv", method="dann")
    assert (config.penalty_weight, config.penalty_options) == (0.3, {"hidden": 64})
    assert AdaptConfig(target="csv:b.csv", method="dann", options={"hidden": 8}).penalty_options == {
        "hidden": 8
    }


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"method": "corral"}, "coral"),
        ({"weight": 0.0}, "adapt.weight"),
        ({"weight": float("inf")}, "adapt.weight"),
        ({"options": {"hidden": 4}}, "hidden"),
        ({"method": "dann", "options": {"hiden": 4}}, "hidden"),
        ({"method": "dann", "options": {"hidden": 0}}, "adapt.options.hidden"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(said, key):
    with pytest.raises(SpecError, match=key):
        AdaptConfig(target="csv:b.csv", **said)
