"""What of a watched training is written beside its model."""

import numpy as np
import pytest
from assay.platform.federated.config import FederatedConfig
from assay.platform.federated.course import Result
from assay.platform.federated.outliers import Outliers
from assay.platform.federated.watchers import watched_in
from flwr.app import ArrayRecord


@pytest.mark.parametrize("rate", [None, 0.1])
def test_what_was_watched_is_told_with_what_makes_sense_of_it(lead, rate):
    result = lead(
        lambda client, number, weights: {"x": weights["x"] + 1},
        {"x": np.ones(2)},
        examples=[1.0, 1.0],
        watchers=[Outliers()] if rate else [],
        rounds=2,
    )
    told = watched_in(FederatedConfig(rounds=7, outliers=rate), result)
    if rate is None:
        assert told == {}
    else:
        assert (told["outliers"]["rate"], told["outliers"]["planned"]) == (0.1, 7)
        assert [one["round"] for one in told["outliers"]["rounds"]] == [1, 2]


def test_contributions_are_told_up_to_the_round_that_was_kept():
    result = Result(ArrayRecord(), best_round=3, watched={"contributions": [{"round": 1}]})
    told = watched_in(FederatedConfig(contributions="shapley"), result)
    assert told == {"contributions": {"method": "shapley", "kept": 3, "rounds": [{"round": 1}]}}
