"""Rows keep their client whether their labels may be looked at or not."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.data.preprocess import Preprocessor
from assay.platform.data.schema import ROW
from assay.platform.exceptions import CombinationError
from assay.platform.federated.config import FederatedConfig, PartitionConfig
from assay.platform.federated.dealing import Dealt, deal, rare, values_of
from assay.platform.training.config import TrainConfig


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    ingest(DataConfig(source="builtin:digits"), out=folder)
    data = Dataset.open(folder)
    return data, Preprocessor.fit(data.table("train"), data.schema)


def owners(dealt: Dealt, split: str) -> Mapping[int, int]:
    return dict(
        zip(dealt.tables[split][ROW].to_pylist(), getattr(dealt.partition, split).tolist(), strict=True)
    )


@pytest.mark.parametrize("by", ["iid", "dirichlet", "label_shards"])
def test_a_labelled_row_has_the_client_that_it_had_among_all_rows(digits, by):
    data, told = digits
    federated = FederatedConfig(clients=4, partition=PartitionConfig(by=by))
    everything = deal(data, told, federated, 0)
    few = everything.labelled(told, TrainConfig(labels_per_class=20))
    for split in ("train", "validation"):
        everybody, some = owners(everything, split), owners(few, split)
        assert some.items() <= everybody.items()
    assert np.bincount(few.labels).tolist() == [20] * 10


def test_a_client_without_a_label_is_told_before_anything_is_trained(digits):
    data, told = digits
    dealt = deal(data, told, FederatedConfig(clients=200), 0)
    with pytest.raises(CombinationError, match="some clients have no label to learn from"):
        dealt.labelled(told, TrainConfig(labels_per_class=5))


def test_values_with_few_train_rows_are_one_client_and_unknown_ones_stay():
    train = np.array(["a", "a", "a", "b", "b", "c"])
    named = rare(train, 3)
    together = "(fewer than 3 rows)"
    assert named(train).tolist() == ["a"] * 3 + [together] * 3
    assert named(np.array(["c", "a", "new"])).tolist() == [together, "a", "new"]
    assert rare(train, 1)(train).tolist() == train.tolist()


def test_a_value_that_is_missing_is_a_client_of_its_own():
    table = pa.table({"site": pa.array(["x", None, "y"])})
    assert values_of(table, "site").tolist() == ["x", "(empty)", "y"]
