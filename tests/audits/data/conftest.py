"""Small data sets with one fault each, dealt to splits as a run would."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from assay.audits.data import Rows
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest


def people(rows: int = 1200, seed: int = 0) -> pd.DataFrame:
    """Honest rows: two features that tell some of the label, a sensitive column, nothing that repeats."""
    rng = np.random.default_rng(seed)
    income, debt = rng.normal(50, 15, rows), rng.exponential(10, rows)
    granted = rng.random(rows) < 1 / (1 + np.exp(-(0.1 * (income - 50) - 0.12 * (debt - 10))))
    return pd.DataFrame(
        {
            "income": income.round(3),
            "debt": debt.round(3),
            "region": rng.choice(["north", "south", "east"], rows),
            "gender": rng.choice(["f", "m"], rows, p=[0.4, 0.6]),
            "granted": np.where(granted, "yes", "no"),
        }
    )


@pytest.fixture
def frame() -> pd.DataFrame:
    """Honest rows."""
    return people()


@pytest.fixture
def dealt(tmp_path: Path) -> Callable[..., tuple[Rows, dict[str, Any]]]:
    """From a frame to its splits and their datasheet."""

    def deal(frame: pd.DataFrame, **config: Any) -> tuple[Rows, dict[str, Any]]:
        path = tmp_path / "rows.csv"
        frame.to_csv(path, index=False)
        asked = {"target": "granted", "sensitive": ("gender",), **config}
        ingest(DataConfig(source=f"csv:{path}", **asked), out=tmp_path / "dataset")
        data = Dataset.open(tmp_path / "dataset")
        splits = {name: data.table(name) for name in ("train", "validation")} | {"test": data.test_table()}
        return Rows(splits, data.schema), data.datasheet

    return deal
