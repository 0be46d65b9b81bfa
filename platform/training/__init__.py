"""One loop, many objectives: `pretrain` and `train` are the stages, `fit` is the loop beneath them.

The stages import torch, so they are imported when they are asked for: a spec is read without it.
"""

from typing import TYPE_CHECKING, Any

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
