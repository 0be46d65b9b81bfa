"""Clusters that aren't there."""

import os
import sys

import pytest
from assay.platform.exceptions import UsageError
from assay.platform.training.engines.ray_cluster import ray_cluster


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nonsense", "127.0.0.1:port"])
def test_an_address_where_no_cluster_answers_is_refused_at_once(address):
    with pytest.raises(UsageError, match="no Ray cluster") as caught, ray_cluster(address, workers=2):
        pass
    assert address in caught.value.got


def test_without_ray_it_says_which_extra_has_it(trained, tabular, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match="Ray") as caught:
        trained(tabular, workers=2)
    assert "assay[ray]" in caught.value.mend


def test_the_environment_is_left_as_it_was(monkeypatch):
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    before = dict(os.environ)
    with pytest.raises(UsageError), ray_cluster("127.0.0.1:1", workers=1):
        pass
    assert dict(os.environ) == before
