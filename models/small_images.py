"""How networks that were published for 224 pixels fit images of 8 to 32: halve the maps less often.

A network halves its maps five times, 224 to 7. A small image would vanish on the way, so each halving is left
out while the maps are below 8×8, and a first layer that strides over 7×7 or 11×11 pixels becomes a 3×3 one.
"""

from .inputs import ImageInput

__all__ = ["LARGE", "Halving"]

LARGE = 160
"""Sides from which on an image goes through the published layers: all of them leave at least 4×4 maps."""

_KEPT = 4  # least side of the maps: what Grad-CAM needs


class Halving:
    """Keeps count of the maps' side while a network is built.

    Args:
        inputs: the images' shape.
    """

    def __init__(self, inputs: ImageInput):
        self.side = min(inputs.height, inputs.width)
        self.published = self.side >= LARGE

    def stride(self) -> int:
        """2 where the maps are to be halved here and can be, else 1."""
        if not self.published and self.side < 2 * _KEPT:
            return 1
        self.side = -(-self.side // 2)
        return 2
