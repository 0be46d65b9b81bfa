"""Files that nobody prepared for a model, made afresh for each test session."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest

STREETS = ("Ash", "Birch", "Cedar", "Doyle", "Elm")


@pytest.fixture(scope="session")
def hostile_frame() -> pd.DataFrame:
    """Spaces in names, missing values, a date, free text, three classes, two sensitive ones, one numeric."""
    rows, rng = 600, np.random.default_rng(7)
    age = rng.integers(18, 80, rows).astype(float)
    income = np.exp(rng.normal(10, 1, rows)).round(2)
    colour = rng.choice(["red", "green", "blue"], rows, p=[0.6, 0.3, 0.1])
    score = (age - 45) / 15 + (colour == "red") + rng.normal(size=rows)
    frame = pd.DataFrame(
        {
            " Annual Income ": income,
            "Hired On": pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 3000, rows), unit="D"),
            "Favourite colour": colour,
            "Notes": [
                f"lives in {STREETS[i % 5]} street {i} and has said {rng.integers(1e9)}" for i in range(rows)
            ],
            "Person No": np.arange(1000, 1000 + rows),
            "Sex": rng.choice(["f", "m"], rows),
            "Age (years)": age,
            "Country": "Utopia",
            "Risk class": np.array(["low", "middle", "high"])[np.digitize(score, [-0.2, 1.2])],
        }
    )
    frame["Hired On"] = frame["Hired On"].dt.strftime("%d.%m.%Y")
    for name, share in (
        (" Annual Income ", 0.2),
        ("Hired On", 0.05),
        ("Favourite colour", 0.1),
        ("Sex", 0.03),
    ):
        frame.loc[rng.random(rows) < share, name] = np.nan
    frame.loc[rng.random(rows) < 0.02, "Risk class"] = np.nan
    return frame


@pytest.fixture(scope="session")
def hostile_csv(hostile_frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "people [1].csv"
    hostile_frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def hostile(hostile_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    out = tmp_path_factory.mktemp("hostile-dataset")
    config = DataConfig(source=f"csv:{hostile_csv}", target="risk CLASS", sensitive=("Sex", "Age (years)"))
    ingest(config, out=out)
    return Dataset.open(out)


@pytest.fixture(scope="session")
def adult(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    out = tmp_path_factory.mktemp("adult")
    ingest(DataConfig(source="builtin:adult", sensitive=("sex", "race")), out=out)
    return Dataset.open(out)
