"""Temperature scaling: divide the logits by one number, so that 80% confident is right 80% of the time.

Guo et al., "On Calibration of Modern Neural Networks" (2017), section 4.2, https://arxiv.org/abs/1706.04599

The order of the classes never changes, so decisions by the likeliest class don't either.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.dataset import Dataset
from ..data.schema import ROW
from ..predictor import Model, load_model
from ..predictor.artifact import POSTPROCESS, link_files, write_json
from ..predictor.untrusted import read_json

#: Standard deviation of the prior on log temperature. With few rows, or none that is wrong, the likelihood
#: alone has no finite optimum; this pulls as hard as a handful of rows, and isn't felt among hundreds.
PRIOR = 0.5

#: Bounds of log temperature.
_BOUND = math.log(100)


def calibrate(*, dataset: Path, model: Path, out: Path) -> dict[str, Any]:
    """Fit a temperature on the validation rows whose labels training was allowed to see.

    Args:
        dataset: folder of the dataset artifact that the model was trained on.
        model: folder of a model artifact.
        out: folder to fill: the same files, but for the temperature.

    Returns:
        Rows looked at and, unless it is a regression or there are none, the temperature and the mean negative
        log-likelihood before and after; for the manifest.
    """
    predictor = load_model(model)
    table = labelled_validation(Dataset.open(dataset).table("validation"), model)
    temperature, details = predictor.postprocess.temperature, {"rows": table.num_rows}
    if predictor.task != "regression" and table.num_rows:
        logits, labels = predictor.outputs(table).astype(np.float64), predictor.preprocessor.targets(table)
        weight = _weight(table, predictor)
        temperature = fit_temperature(logits, labels, weight)
        details |= {
            "temperature": temperature,
            "nll_before": negative_log_likelihood(logits, labels, weight),
            "nll_after": negative_log_likelihood(logits / temperature, labels, weight),
        }
    link_files(model, out, but=POSTPROCESS)
    write_json(out / POSTPROCESS, predictor.postprocess.to_json() | {"temperature": temperature})
    return details


def fit_temperature(logits: np.ndarray, labels: np.ndarray, weight: np.ndarray | None = None) -> float:
    """The temperature under which the labels are likeliest, given a weak prior that it is 1.

    Minimises sum_i NLL_i(T) + (log T)² / (2 · PRIOR²) by bisection on the derivative with respect to log T.

    Args:
        logits: `(rows, classes)`.
        labels: `(rows,)` codes.
        weight: `(rows,)`, or None where all rows count alike; scaled to sum to the number of rows.

    Returns:
        A temperature, to six significant digits.
    """
    weight = np.ones(len(labels)) if weight is None else weight * (len(labels) / weight.sum())
    margins = logits - logits[np.arange(len(labels)), labels, None]  # (rows, classes): 0 at the label

    def slope(log_temperature: float) -> float:
        scaled = margins / math.exp(log_temperature)
        odds = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        # d NLL / d log T = - E_p[margin] / T
        expected = (odds * scaled).sum(axis=1) / odds.sum(axis=1)
        return log_temperature / PRIOR**2 - float(weight @ expected)

    low, high = -_BOUND, _BOUND
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return float(f"{math.exp(low):.6g}")


def negative_log_likelihood(
    logits: np.ndarray, labels: np.ndarray, weight: np.ndarray | None = None
) -> float:
    """Weighted mean over rows of -log softmax(logits)[label]; 0 is certainty in the right class.

    Args:
        logits: `(rows, classes)`.
        labels: `(rows,)` codes.
        weight: `(rows,)`, or None.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return float(np.average(losses, weights=weight))


def labelled_validation(validation: pa.Table, model: Path) -> pa.Table:
    """The validation rows whose labels training looked at, by the `labels.json` in the model's folder."""
    rows = read_json(model / "labels.json")["validation_rows"]
    return (
        validation if rows is None else validation.filter(pa.array(np.isin(validation[ROW].to_numpy(), rows)))
    )


def _weight(table: pa.Table, predictor: Model) -> np.ndarray | None:
    name = predictor.preprocessor.schema.weight
    return None if name is None else table[name].to_numpy().astype(np.float64)
