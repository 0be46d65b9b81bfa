"""The file of canaries: what is written is read, and nothing else is believed."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from assay.platform.exceptions import DataError
from assay.platform.privacy.canaries.scores import CanaryScores


def test_scores_coins_and_delta_come_back_as_they_were(tmp_path):
    rng = np.random.default_rng(0)
    kept = CanaryScores(scores=rng.standard_normal(50), included=rng.random(50) < 0.5, delta=1.0 / 3e5)
    kept.to_parquet(tmp_path / "canaries.parquet")
    again = CanaryScores.from_parquet(tmp_path / "canaries.parquet")
    np.testing.assert_array_equal(again.scores, kept.scores)
    np.testing.assert_array_equal(again.included, kept.included)
    assert again.included.dtype == bool
    assert again.delta == kept.delta


@pytest.mark.parametrize("content", [b"no parquet", None])
def test_another_file_is_refused(content, tmp_path):
    path = tmp_path / "canaries.parquet"
    if content is None:
        pq.write_table(pa.table({"other": [1.0]}), path)
    else:
        path.write_bytes(content)
    with pytest.raises(DataError, match="canaries can't be read"):
        CanaryScores.from_parquet(path)
