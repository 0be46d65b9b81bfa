"""A small dataset where a group is treated unevenly, and a model of it that trains in a blink."""

import numpy as np
import pyarrow as pa
import pytest
from assay.platform.calibration.temperature import calibrate
from assay.platform.data.schema import Column, Schema
from assay.platform.training import train
from assay.platform.training.config import ModelConfig, TrainConfig

NETWORK = ModelConfig(architecture="mlp", options={"width": 16, "depth": 1, "token_width": 4})
TRAIN = TrainConfig(epochs=3, batch_size=64, learning_rate=1e-2, patience=None, workers=1)


def applicants(rows: int, seed: int) -> pa.Table:
    """Men have more of what the label rewards, and are labelled yes more often at equal merit."""
    draw = np.random.default_rng(seed)
    sex = draw.choice(["f", "m"], rows)
    merit = draw.normal(0, 1, rows) + 0.5 * (sex == "m")
    hobby = np.where(draw.random(rows) < 0.8, np.where(sex == "m", "chess", "choir"), "none")
    odds = 1.5 * merit + 0.8 * (sex == "m") - 0.8
    return pa.table(
        {
            "merit": merit,
            "hobby": hobby,
            "sex": sex,
            "hired": np.where(draw.random(rows) < 1 / (1 + np.exp(-odds)), "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def hiring(write, tmp_path_factory):
    """900 train, 600 validation and 500 test rows."""
    kinds = {
        "merit": ("numeric", "feature"),
        "hobby": ("categorical", "feature"),
        "sex": ("categorical", "sensitive"),
        "hired": ("categorical", "target"),
    }
    schema = Schema(
        modality="tabular", task="binary", target="hired", classes=("no", "yes"), positive="yes",
        sensitive=("sex",),
        columns=tuple(Column(name=n, kind=k, role=r, why="test") for n, (k, r) in kinds.items()),
    )  # fmt: skip
    return write(tmp_path_factory.mktemp("data") / "hiring", applicants(2000, 0), schema, (900, 600))


@pytest.fixture(scope="session")
def model(hiring, tmp_path_factory):
    """The calibrated model."""
    home = tmp_path_factory.mktemp("model")
    for name in ("trained", "calibrated"):
        (home / name).mkdir()
    train(dataset=hiring, model=NETWORK, config=TRAIN, out=home / "trained", scratch=home / "scratch")
    calibrate(dataset=hiring, model=home / "trained", out=home / "calibrated")
    return home / "calibrated"
