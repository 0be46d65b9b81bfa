"""What the section refuses, and that it says where."""

import pytest
from assay.audits.privacy.config import PrivacyAuditConfig
from assay.audits.privacy.one_run import SHARES
from assay.platform.exceptions import SpecError


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": 1},
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


def test_the_shares_that_are_guessed_are_those_of_the_method():
    assert PrivacyAuditConfig().guesses == SHARES
