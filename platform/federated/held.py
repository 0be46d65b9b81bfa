"""An array of a message that is made into bytes only if it has to travel."""

from collections.abc import Mapping
from functools import cache

import numpy as np
from flwr.app import Array, ArrayRecord
from flwr.common.constant import SType

__all__ = ["Held", "record_of"]


class Held(Array):
    """Flower's `Array` around numbers that are already here; nobody may write into them.

    Flower writes an array in the form of a file when it is made, and reads that each time it is looked at:
    in one process that is most of what a message costs.

    Args:
        values: numbers of any shape; they are not copied.
    """

    def __init__(self, values: np.ndarray):
        held = values.view()
        held.flags.writeable = False
        self.__dict__.update(values=held, dtype=_named(held.dtype), shape=held.shape, stype=SType.NUMPY)

    @property
    def data(self) -> bytes:  # type: ignore[override]
        """The numbers as they travel."""
        return Array(self.__dict__["values"]).data

    def numpy(self) -> np.ndarray:
        """The numbers themselves, to be read."""
        return self.__dict__["values"]

    def __reduce__(self) -> tuple[type[Array], tuple[str, tuple[int, ...], str, bytes]]:
        """Pickled, it is Flower's own."""
        return Array, (self.dtype, self.shape, self.stype, self.data)


@cache
def _named(dtype: np.dtype) -> str:
    """A precision as Flower writes it; numpy takes longer to spell it than to add up an array."""
    return str(dtype)


# What travels names its class by this, and whoever receives it knows Flower's alone.
Held.__qualname__ = Array.__qualname__


def record_of(arrays: Mapping[str, Array]) -> ArrayRecord:
    """A record that holds these very arrays: the one that Flower makes of a dictionary holds bytes."""
    record = ArrayRecord()
    for name, array in arrays.items():
        record[name] = array
    return record
