"""What the section refuses, and that it says where."""

import pytest
from assay.audits.privacy.config import PrivacyAuditConfig
from assay.audits.privacy.one_run import SHARES
from assay.platform.exceptions import SpecError


@pytest.mark.parametrize(
    "wrong",
    [
        {"canaries": 1},
        {"canaries": -5},
        {"guesses": ()},
        {"guesses": (0.0,)},
        {"guesses": (1.5,)},
        {"shadows": 5},
        {"shadows": 2},
        {"rates": (0.0,)},
        {"minimum_group_size": 1},
        {"confidence": 1.0},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_by_name(wrong):
    with pytest.raises(SpecError, match=rf"audit\.privacy\.{next(iter(wrong))}"):
        PrivacyAuditConfig(**wrong)


def test_defaults_make_sense_and_no_canaries_are_allowed():
    assert PrivacyAuditConfig().guesses == SHARES
    assert PrivacyAuditConfig(canaries=0).canaries == 0
