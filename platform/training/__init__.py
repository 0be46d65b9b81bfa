"""One loop, many objectives: `pretrain` and `train` are the stages, `fit` is the loop beneath them.

The stages import torch, so they are imported when they are asked for: a spec is read without it.
"""

import os
from typing import TYPE_CHECKING, Any

# By default a thread that waits for the next matrix spins. Where another process wants the core, as Prefect's
# server or a second run does, a step then takes 10 to 50 times as long. Torch reads it when it is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

if TYPE_CHECKING:
    from .pretraining import pretrain
    from .supervised import train

__all__ = ["pretrain", "train"]


def __getattr__(name: str) -> Any:
    if name == "pretrain":
        from .pretraining import pretrain

        return pretrain
    if name == "train":
        from .supervised import train

        return train
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
