"""What is compared between a slice and the rest: mistakes, decisions given the truth, scores given the score.

Each has a null hypothesis under which rows may change places within their stratum:

- `error`: the loss has nothing to do with the columns. Where it is rejected the model is worse.
- `decision`: among rows of the same truth, the decision has nothing to do with the columns (separation,
  Hardt, Price & Srebro, 2016, https://arxiv.org/abs/1610.02413). Where it is rejected, people of equal truth
  are decided upon differently.
- `score`: among rows of the same score, the truth has nothing to do with the columns (sufficiency; every
  slice is calibrated: Hebert-Johnson et al., 2018, https://arxiv.org/abs/1711.08513).
"""

from dataclasses import dataclass

import numpy as np

from ..predictions import Predictions

__all__ = ["Residual", "residuals"]

_STEPS = 127  # residuals become whole numbers, so that float32 sums are exact on every machine
_FAR = 5.0  # standard deviations at which the search holds a residual, so that one huge error is no slice
_SCORE_STRATA = 10


@dataclass(frozen=True, kw_only=True)
class Residual:
    """One quantity of each row and the strata within which rows are exchangeable under its null."""

    name: str
    values: np.ndarray
    """(n,) in the unit that is reported."""
    strata: np.ndarray
    """(n,) codes from 0."""
    signed: bool
    """Both directions are searched; otherwise only larger is worse."""

    def take(self, rows: np.ndarray) -> "Residual":
        """The same quantity of some rows."""
        _, strata = np.unique(self.strata[rows], return_inverse=True)
        return Residual(name=self.name, values=self.values[rows], strata=strata, signed=self.signed)

    def whole(self) -> np.ndarray:
        """(n,) float32 whole numbers from -127 to 127 that order rows as the values do."""
        centred = self.values - self.values.mean()
        far = _FAR * centred.std()
        held = np.clip(centred, -far, far)
        largest = np.abs(held).max()
        return np.round(held * (_STEPS / largest if largest else 0.0)).astype(np.float32)

    @property
    def varies(self) -> bool:
        """Whether any stratum holds more than one value."""
        order = np.lexsort((self.values, self.strata))
        same = np.diff(self.strata[order]) == 0
        return bool((np.diff(self.values[order])[same] != 0).any())


def residuals(predictions: Predictions) -> list[Residual]:
    """Everything that can be compared of these predictions."""
    one = np.zeros(len(predictions), np.int64)
    if predictions.task == "regression":
        off = predictions.y_pred - predictions.y_true
        return [
            Residual(name="error", values=np.abs(off), strata=one, signed=False),
            Residual(name="decision", values=off, strata=one, signed=True),
        ]
    wrong = (predictions.y_pred != predictions.y_true).astype(float)
    found = [Residual(name="error", values=wrong, strata=one, signed=False)]
    if predictions.task == "binary":
        decided = predictions.y_pred.astype(float)
        _, truth = np.unique(predictions.y_true, return_inverse=True)
        found.append(Residual(name="decision", values=decided, strata=truth, signed=True))
    if predictions.scores is not None:
        found.append(_promise(predictions))
    return found


def _promise(predictions: Predictions) -> Residual:
    """Score minus what came true: of the positive class, or of the decision where there are more classes."""
    assert predictions.scores is not None
    if predictions.task == "binary":
        score, came = predictions.scores[:, 1], predictions.y_true
    else:
        score = predictions.scores[np.arange(len(predictions)), predictions.y_pred]
        came = predictions.y_pred == predictions.y_true
    cuts = np.quantile(score, np.arange(1, _SCORE_STRATA) / _SCORE_STRATA, method="inverted_cdf")
    _, strata = np.unique(np.searchsorted(np.unique(cuts), score, side="right"), return_inverse=True)
    return Residual(name="score", values=score - came, strata=strata, signed=True)
