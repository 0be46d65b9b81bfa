"""Stages with little to do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from assay.platform.training import pretrain, train
from assay.platform.training.config import ModelConfig, PretrainConfig, TrainConfig

#: Networks small enough for a test.
SMALL = {
    "mlp": ModelConfig(architecture="mlp", options={"width": 16, "depth": 1, "token_width": 4}),
    "resnet_small": ModelConfig(architecture="resnet_small", options={"channels": 8}),
}


@pytest.fixture
def trained(tmp_path: Path) -> Callable[..., tuple[Path, dict[str, Any]]]:
    """Run `train` on a dataset: the folder that it filled, and its details."""
    runs = iter(range(100))

    def run(
        dataset: Path,
        *,
        model: str | ModelConfig = "mlp",
        pretrained: Path | None = None,
        scratch=None,
        **settings,
    ) -> tuple[Path, dict[str, Any]]:
        out = tmp_path / f"model{next(runs)}"
        out.mkdir()
        others = ("progress", "ray_address", "privacy", "preprocessor", "account")
        told = {key: settings.pop(key) for key in others if key in settings}
        details = train(
            dataset=dataset,
            model=SMALL[model] if isinstance(model, str) else model,
            config=TrainConfig(**{"epochs": 3, "batch_size": 32, "learning_rate": 1e-2} | settings),
            pretrained=pretrained,
            out=out,
            scratch=scratch or out.with_name(f"{out.name}-scratch"),
            **told,
        )
        return out, details

    return run


@pytest.fixture
def pretrained(tmp_path: Path) -> Callable[..., tuple[Path, dict[str, Any]]]:
    """Run `pretrain` on a dataset: the folder that it filled, and its details."""
    runs = iter(range(100))

    def run(dataset: Path, *, model: str | ModelConfig = "mlp", **settings) -> tuple[Path, dict[str, Any]]:
        out = tmp_path / f"pretrained{next(runs)}"
        out.mkdir()
        told = {key: settings.pop(key) for key in ("privacy", "preprocessor") if key in settings}
        details = pretrain(
            dataset=dataset,
            model=SMALL[model] if isinstance(model, str) else model,
            config=PretrainConfig(**{"epochs": 2, "batch_size": 32} | settings),
            out=out,
            scratch=out.with_name(f"{out.name}-scratch"),
            **told,
        )
        return out, details

    return run
