"""A ledger with one data set, on each database, and runs to charge it with."""

from pathlib import Path

import numpy as np
import pytest
from assay.platform.privacy.ledger.events import dp_sgd
from assay.platform.privacy.ledger.ledger import Ledger


@pytest.fixture
def private(tmp_path) -> Path:
    return tmp_path / "private"


@pytest.fixture
def ledger(url, private) -> Ledger:
    ledger = Ledger(url, private=private)
    ledger.register("adult", digests=rows(0, 100))
    return ledger


@pytest.fixture
def path(tmp_path) -> Path:
    """The file of `local`."""
    return tmp_path / "ledger.db"


@pytest.fixture
def local(path, private) -> Ledger:
    """A ledger in SQLite, for what doesn't depend on the database."""
    ledger = Ledger(f"sqlite:///{path}", private=private)
    ledger.register("adult", digests=rows(0, 100))
    return ledger


RUN = dp_sgd(noise_multiplier=2.0, sample_rate=0.02, steps=500)
"""One of these spends an epsilon of 1.02 at a delta of 1e-5."""


@pytest.fixture
def run():
    return RUN


def rows(start: int, stop: int) -> np.ndarray:
    """Digests of invented rows."""
    return np.arange(start, stop, dtype=np.uint64)


@pytest.fixture(name="rows")
def rows_fixture():
    return rows
