"""What is true of rows, as a model's predictions are compared with it."""

import numpy as np
import pyarrow as pa

from ..platform.data.values import numbers
from ..platform.predictor import Model

__all__ = ["truth"]


def truth(predictor: Model, table: pa.Table) -> np.ndarray:
    """(n,) codes of classes, or values in the target's own unit: training's are standardised."""
    if predictor.task != "regression":
        return predictor.preprocessor.targets(table)
    return numbers(table[predictor.preprocessor.schema.target], "target").to_numpy()
