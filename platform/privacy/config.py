"""What a person says about privacy; the standard library only."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from ..exceptions import SpecError

__all__ = ["CLIENT", "RECORD", "PrivacyConfig"]

RECORD = "record"
"""The unit that is a row."""

CLIENT = "client"
"""The unit that is a client of a federated training, with all of its rows."""


@dataclass(frozen=True, kw_only=True)
class PrivacyConfig:
    """Training with differential privacy: DP-SGD, or DP-FedAvg where clients of a federation are hidden."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    epsilon: float = 3.0
    """The budget of this run: its noise is the smallest that keeps within it."""

    delta: float = 1e-5
    """Probability that the bound may fail; below 1 / rows, or 1 / persons, or 1 / clients."""

    unit: str = RECORD
    """Whom the noise hides: `record`, a row; or a column that says whose row it is: a person with all of
    their rows. Batch sizes then count persons, and `data.split.by` has to be the same column. With
    `federated`: `record`, a row, by noise at every client; or `client`, a client with all its train rows."""

    max_grad_norm: float = 1.0
    """Largest norm of a row's gradient, or of a client's whole change of the weights; where `clipping` is
    adaptive, the one to start from."""

    clipping: Literal["flat", "per_layer", "adaptive"] = "flat"
    """`flat`: one bound for all layers. `per_layer`: one for each, of rows alone. `adaptive`: follows the
    median norm."""

    accountant: Literal["prv", "rdp"] = "prv"
    """`prv` is tight. `rdp` asks for some more noise, and is faster."""

    compare: tuple[float | Literal["none"], ...] = ()
    """Other epsilons, or `none`, that the same spec is trained with beside: what privacy cost, by group."""

    physical_batch: int | None = None
    """Most rows that go through the network at once; null leaves it to the expected batch."""

    canaries: int = 1000
    """Gradients beside the model's own that fair coins put into the steps, for an attack on the claim; they
    move no weight. 0 puts in none, and no epsilon is attacked."""

    canary_rows: int = 0
    """Train rows that fair coins leave out or put in with a wrong label, for an attack by the model's outputs
    alone. They cost accuracy: 0, the default, takes none."""

    noise_seed: int | None = None
    """A seed makes the run repeatable, and not private against whoever knows it; null is truly random."""

    def __post_init__(self) -> None:
        rules = {
            "epsilon": (0 < self.epsilon < math.inf, "above 0"),
            "delta": (0 < self.delta < 1, "above 0, below 1 / rows"),
            "max_grad_norm": (0 < self.max_grad_norm < math.inf, "above 0"),
            "canaries": (self.canaries == 0 or self.canaries >= 2, "2 or more, or 0"),
            "canary_rows": (self.canary_rows == 0 or self.canary_rows >= 2, "2 or more, or 0"),
            "compare": (
                len({self.epsilon, *self.compare}) == len(self.compare) + 1
                and all(epsilon == "none" or 0 < epsilon < math.inf for epsilon in self.compare),
                "epsilons above 0 or `none`, each once, and not privacy.epsilon, which is there anyway",
            ),
            "physical_batch": (self.physical_batch is None or self.physical_batch >= 1, "1 or more, or null"),
        }
        for key, (holds, expected) in rules.items():
            if not holds:
                raise SpecError(
                    f"privacy.{key} is out of range",
                    got=getattr(self, key),
                    expected=expected,
                    mend=f"change privacy.{key} in the spec, or give --set privacy.{key}=VALUE",
                )
