"""What a format's file gives: something that scores a table."""

from typing import Protocol

import numpy as np
import pyarrow as pa

__all__ = ["Source"]


class Source(Protocol):
    """A model of some format, opened."""

    @property
    def name(self) -> str:
        """Kind of model, for a person: `scikit-learn LogisticRegression`."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the data that it reads."""
        ...

    @property
    def probabilities(self) -> bool:
        """Whether `scores` are probabilities; otherwise they only mark the decision."""
        ...

    def scores(self, table: pa.Table) -> np.ndarray:
        """`(rows, classes)` probabilities in the order of the schema's classes, or `(rows,)` values."""
        ...

    def decisions(self, table: pa.Table) -> np.ndarray | None:
        """`(rows,)` codes that the model itself decides for; None where it leaves that to the scores."""
        ...
