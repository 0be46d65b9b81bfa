"""UCI Adult: does a person of the 1994 US census earn more than $50K?

Becker and Kohavi (1996), https://doi.org/10.24432/C5XW20, CC BY 4.0; see `adult/ATTRIBUTION.md`.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa

from ..compute import pc
from ..reading import Reading
from ..splits import TEST, UNSET
from ..tables import csv_table

_FOLDER = Path(__file__).parent / "adult"

COLUMNS = (
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income",
)

ROLES = {
    "fnlwgt": (
        "ignored",
        "a sampling weight of the survey, no property of a person: weighs rows only if data.weight names it",
    )
}

HARMS = (
    "The label is whether income exceeded $50,000 in 1994, an arbitrary cut: conclusions change with it. "
    "Ding et al., 'Retiring Adult' (2021), https://arxiv.org/abs/2108.04884.",
    "The rows are adults of the United States in 1994: nothing is said of other people, places or times.",
    "Its numbers compare methods; a small gap here says nothing of a use with consequences for people.",
)


DUPLICATES = {(): 23, ("fnlwgt",): 2586}
"""Test rows that also stand in the official train file (0.14%, 16%), by the columns left out."""


def read(scratch: Path) -> Reading:
    """Both official files; the test labels lose the full stop that ends them."""
    train = csv_table(_FOLDER / "adult.data.gz", scratch, names=COLUMNS)
    test = csv_table(_FOLDER / "adult.test.gz", scratch, names=COLUMNS, skip=1)
    test = test.set_column(14, "income", pc.utf8_rtrim(test["income"], characters="."))
    official = np.full(len(train) + len(test), UNSET, dtype=np.int8)
    official[len(train) :] = TEST
    return Reading(
        table=pa.concat_tables([train, test]),
        official=official,
        target="income",
        positive=">50K",
        roles=ROLES,
        duplicates=DUPLICATES,
        harms=HARMS,
    )
