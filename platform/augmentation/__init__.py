"""Random views of whole batches of images, as tensor operations under one generator.

They import torch, so they are imported when they are asked for: a spec is read without it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .views import contrastive_view, light_view

__all__ = ["contrastive_view", "light_view"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from . import views

        return getattr(views, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
