"""The published schema accepts what `assemble` makes and refuses what a careless hand would write."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from assay.audits.report import SCHEMA_VERSION, schema
from jsonschema import Draft202012Validator

VALIDATOR = Draft202012Validator(schema())


def test_the_schema_is_itself_valid_and_carries_the_version_of_the_reports():
    Draft202012Validator.check_schema(schema())
    assert schema()["properties"]["schema_version"] == {"const": SCHEMA_VERSION}


def test_every_assembled_sample_keeps_to_the_schema(report: dict[str, Any]):
    assert not list(VALIDATOR.iter_errors(report))


def without_interval(report: dict[str, Any]) -> None:
    del report["performance"]["metrics"]["accuracy"]["low"]


def bare_number(report: dict[str, Any]) -> None:
    report["performance"]["metrics"]["accuracy"] = 0.9


def null_number(report: dict[str, Any]) -> None:
    report["fairness"]["attributes"]["sex"]["groups"]["Male"]["metrics"]["selection_rate"] = None


def unknown_section(report: dict[str, Any]) -> None:
    report["fairnes"] = {}


def no_reason(report: dict[str, Any]) -> None:
    report["missing"]["/training"] = ""


def no_pointer(report: dict[str, Any]) -> None:
    report["missing"]["training"] = "why"


def unknown_status(report: dict[str, Any]) -> None:
    report["policy"]["status"] = "passed"


def limit_without_side(report: dict[str, Any]) -> None:
    report["policy"]["checks"][0]["limit"] = {}


def no_digest(report: dict[str, Any]) -> None:
    report["evidence"]["/performance"] = "trust me"


def other_version(report: dict[str, Any]) -> None:
    report["schema_version"] = "0.9"


def intensity_of_nowhere(report: dict[str, Any]) -> None:
    del report["carbon"]["intensity"]["source"]


MISTAKES = (
    without_interval, bare_number, null_number, unknown_section, no_reason, no_pointer, unknown_status,
    limit_without_side, no_digest, other_version, intensity_of_nowhere,
)  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_the_schema_catches_a_mistake(mistake: Callable[[dict[str, Any]], None], binary: dict[str, Any]):
    spoilt = copy.deepcopy(binary)
    mistake(spoilt)
    assert list(VALIDATOR.iter_errors(spoilt))
