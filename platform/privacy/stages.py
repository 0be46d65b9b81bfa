"""Two private stages within one budget: pretraining, and the training that follows it.

Both get the same noise multiplier, the smallest with which they keep within epsilon together. It is fixed
before the first of them starts, so nothing that is seen of the rows decides how much noise is added, and the
composition is that of two mechanisms that were known from the outset.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..exceptions import CombinationError
from .accountant import SubsampledGaussian, epsilon_of, noise_multiplier_for
from .config import PrivacyConfig

__all__ = ["Stages", "read_mechanism", "sampling", "write_mechanism"]

_FILE = "privacy.json"
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Stages:
    """What else is done to the rows within the same budget.

    Attributes:
        name: of this stage.
        before: stages that ran.
        ahead: sample rate and steps of the stages to come.
    """

    name: str = "train"
    before: tuple[SubsampledGaussian, ...] = ()
    ahead: tuple[tuple[float, int], ...] = ()

    def noise_multiplier(self, config: PrivacyConfig, *, sample_rate: float, steps: int) -> float:
        """The noise of this stage: that of the stages before it, or the smallest for all of them.

        Raises:
            SpecError: no noise is enough.
            CombinationError: the stages before were planned for another one than this.
        """
        if not self.before:
            return noise_multiplier_for(
                config.epsilon, delta=config.delta, sample_rate=sample_rate, steps=steps,
                also=self.ahead, accountant=config.accountant,
            )  # fmt: skip
        noise = self.before[-1].noise_multiplier
        own = SubsampledGaussian(noise_multiplier=noise, sample_rate=sample_rate, steps=steps)
        spent = epsilon_of([*self.before, own], delta=config.delta, accountant=config.accountant)
        if spent > config.epsilon * (1 + _ROUNDING):
            raise CombinationError(
                "pretraining left too little of the budget for this training",
                got=f"epsilon {spent:.4g} for both",
                expected=f"at most privacy.epsilon, {config.epsilon:g}: pretraining plans for both",
                mend="pretrain again with this very train section and this privacy section",
            )
        return noise


def sampling(units: int, batch_size: int, epochs: int) -> tuple[float, int]:
    """Sample rate and steps of so many epochs."""
    return min(1.0, batch_size / units), epochs * -(-units // batch_size)


def write_mechanism(folder: Path, told: Mapping[str, Any]) -> None:
    """Leave what ran, `PrivateRun.details`, beside the weights for the stage that goes on from them."""
    keys = ("unit", "noise_multiplier", "sample_rate", "steps")
    (folder / _FILE).write_text(json.dumps({key: told[key] for key in keys}, indent=1) + "\n")


def read_mechanism(folder: Path, config: PrivacyConfig) -> SubsampledGaussian | None:
    """What a pretrained artifact cost; None where it was not pretrained with privacy.

    Raises:
        CombinationError: its noise hides another unit.
    """
    path = folder / _FILE
    if not path.exists():
        return None
    told = json.loads(path.read_bytes())
    if (unit := told.pop("unit")) != config.unit:
        raise CombinationError(
            "pretraining and training hide different units",
            got=f"{unit} in pretraining, {config.unit} in training",
            expected="one privacy.unit: epsilons of different units don't add up",
            mend="pretrain again with this privacy section",
        )
    return SubsampledGaussian(**told)
