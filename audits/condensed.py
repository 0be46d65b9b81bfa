"""Rows that agree are one entry that counts them: predictions of any number of rows in bounded memory.

Entries keep the mean of their rows' scores, and a rank: scores that agree in their leading bits share it.
Counts, rates and their gaps don't depend on scores and stay exact. What does depend on them is known up to an
error that is computed from the entries themselves and allowed for in the limits:

- AUROC: rows of one rank count as tied, so it is off by at most half the share of pairs of a positive and a
  negative row that have the same rank;
- average precision: a positive of a rank may stand before or behind all negatives of that rank;
- log loss and Brier score: an entry's mean score stands for its rows' scores, which differ by less than one
  part in `2**bits`; by Jensen's inequality the log loss is off by at most `4**-bits / 8`, Brier by less;
- calibration: bins are cut between ranks; inside each bin nothing is lost (with sample weights, no more than
  the scores' precision).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Condensed"]


@dataclass(frozen=True, kw_only=True)
class Condensed:
    """What entries that stand for several rows have beside `Predictions`."""

    rows: np.ndarray
    """(n,) int64 number of rows."""
    squared: np.ndarray
    """(n,) sum of squared sample weights; the number of rows where there are no weights."""
    ranks: np.ndarray | None = None
    """(n,) int64 order of the positive score; None where there are no scores."""
    bits: int = 0
    """Leading bits in which scores of one rank agree: of the score, or of 1 - score above a half."""

    @property
    def settings(self) -> dict[str, Any]:
        """What a report says of it."""
        entries, rows = f"{len(self.rows):,}", f"{int(self.rows.sum()):,}"
        said = {"rows": f"{rows} rows, read as a stream and held as {entries} entries with their counts"}
        if self.ranks is not None:
            said["scores"] = (
                f"kept to {self.bits} leading bits; limits of AUROC and average precision allow for any "
                f"order within these, log loss and Brier score are off by at most {4.0**-self.bits / 8:.1g}"
            )
        elif self.bits:
            said["values"] = (
                f"truth and error kept to {self.bits} leading bits; mean squared errors are off by at most "
                f"{4.0**-self.bits / 4:.1g} of themselves, means and mean absolute errors exact"
            )
        return said
