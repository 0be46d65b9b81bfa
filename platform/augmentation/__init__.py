"""Random views of whole batches of images, as tensor operations under one generator."""

from .views import contrastive_view, light_view

__all__ = ["contrastive_view", "light_view"]
