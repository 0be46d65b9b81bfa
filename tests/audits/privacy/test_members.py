"""The file of members: what is written is read, and nothing else is believed."""

import numpy as np
import pytest
from assay.audits.privacy.lira import ShadowConfidences
from assay.audits.privacy.members import MemberEvidence
from assay.platform.exceptions import DataError

ROWS = 30


def evidence(**changes) -> MemberEvidence:
    rng = np.random.default_rng(0)
    values = {
        "outputs": rng.standard_normal((ROWS, 12)).astype(np.float32),
        "y_true": rng.integers(0, 12, ROWS),
        "member": rng.random(ROWS) < 0.5,
        "sensitive": {"member": np.array(["f", "m", None] * 10, dtype=object), "ra/ce": np.repeat("x", ROWS)},
        "shadows": ShadowConfidences(
            confidence=rng.standard_normal((14, ROWS)), included=rng.random((14, ROWS)) < 0.5
        ),
    }
    return MemberEvidence(**{**values, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"shadows": "too large"},
        {"outputs": np.arange(ROWS) / 7, "y_true": np.arange(ROWS) / 3, "sensitive": {}},
    ],
    ids=["with shadows", "without shadows", "regression"],
)
def test_what_was_kept_comes_back_as_it_was(changes, tmp_path):
    kept = evidence(**changes)
    kept.to_parquet(tmp_path / "members.parquet")
    again = MemberEvidence.from_parquet(tmp_path / "members.parquet")
    for name in ("outputs", "y_true", "member"):
        np.testing.assert_array_equal(getattr(again, name), getattr(kept, name))
        assert getattr(again, name).dtype == getattr(kept, name).dtype
    assert list(again.sensitive) == list(kept.sensitive)
    for name, values in kept.sensitive.items():
        assert again.sensitive[name].tolist() == values.tolist()
    if isinstance(kept.shadows, str) or isinstance(again.shadows, str):
        assert again.shadows == kept.shadows
    else:
        np.testing.assert_array_equal(again.shadows.confidence, kept.shadows.confidence)
        np.testing.assert_array_equal(again.shadows.included, kept.shadows.included)


def test_another_file_is_refused(tmp_path):
    (tmp_path / "members.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="members can't be read"):
        MemberEvidence.from_parquet(tmp_path / "members.parquet")
