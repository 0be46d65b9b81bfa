"""Arrays that stay in the process are Flower's own to whoever looks, and travel as such."""

import pickle

import numpy as np
import pytest
from assay.platform.federated.held import Held, record_of
from flwr.app import Array, ArrayRecord, RecordDict
from flwr.common.serde import recorddict_from_proto, recorddict_to_proto
from flwr.supercore.inflatable.inflatable_object import get_object_type_from_object_content
from flwr.supercore.inflatable.inflatable_utils import inflatable_class_registry
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as some

NUMBERS = some.arrays(st.sampled_from([np.float32, np.float64, np.int64]), some.array_shapes(min_dims=0))


@given(NUMBERS)
def test_it_says_what_flowers_array_says(values):
    held, flowers = Held(values), Array(values)
    for name in ("dtype", "shape", "stype", "data"):
        assert getattr(held, name) == getattr(flowers, name)
    np.testing.assert_array_equal(held.numpy(), values)


def test_it_travels_as_flowers_array():
    values = np.arange(6.0).reshape(2, 3)
    content = Held(values).deflate()
    kind = inflatable_class_registry[get_object_type_from_object_content(content)]
    assert kind is Array
    chunks = Held(values).children
    np.testing.assert_array_equal(kind.inflate(content, chunks).numpy(), values)


def test_a_record_of_them_crosses_processes_by_either_way_of_flowers():
    """As bytes to nodes of their own, and pickled to the actors of its simulation."""
    values = np.arange(6.0).reshape(2, 3)
    content = RecordDict({"arrays": record_of({"w": Held(values)})})
    for found in (
        recorddict_from_proto(recorddict_to_proto(content)),
        pickle.loads(pickle.dumps(content)),
    ):
        np.testing.assert_array_equal(found["arrays"]["w"].numpy(), values)


def test_nobody_can_write_into_what_is_shared():
    values = np.zeros(3)
    with pytest.raises(ValueError, match="read-only"):
        Held(values).numpy()[0] = 1.0
    values[0] = 2.0  # whoever made it still can


def test_a_record_holds_the_very_arrays():
    held = Held(np.ones(2))
    record = record_of({"w": held})
    assert isinstance(record, ArrayRecord)
    assert record["w"] is held
    assert record.copy()["w"] is held
