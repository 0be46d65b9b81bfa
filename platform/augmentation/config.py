"""How far a view of an image may be from the image: `train.augment` and `pretrain.augment` of the spec."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from ..exceptions import CombinationError, SpecError

__all__ = ["ContrastiveViewConfig", "ViewConfig", "refuse_unfit_views"]


@dataclass(frozen=True, kw_only=True)
class ViewConfig:
    """Changes that leave an image's label right; each image has draws of its own.

    Nothing is flipped or cropped unless it is asked for: a mirrored digit is another digit, and a part of one
    may be none.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    crop: float = 1.0
    """Least share of the area that is kept and stretched to the whole image; 1 crops nothing."""

    flip: Literal["none", "horizontal", "vertical", "both"] = "none"
    """Along which axes a coin decides whether the image is mirrored."""

    shift: float = 0.08
    """Most of a shift along each axis, as a share of the side."""

    degrees: float = 10.0
    """Most of a turn, either way."""

    zoom: tuple[float, float] = (0.9, 1.1)
    """Least and most magnification."""

    contrast: float = 0.2
    """Most that each channel is stretched or shrunk about its mean, as a share: colour images change their
    tint, too."""

    brightness: float = 0.1
    """Most that each channel's mean moves, in standard deviations of the image."""

    saturation: float = 0.0
    """Most that colours are moved from grey or towards it, as a share; needs images of three channels."""

    erase: float = 0.0
    """Share of the images that lose a rectangle, of a fifth to two fifths of each side."""

    noise: float = 0.0
    """Gaussian noise, in standard deviations of the image."""

    def __post_init__(self) -> None:
        low, high = self.zoom
        object.__setattr__(self, "zoom", (low, high))  # JSON knows lists alone
        rules = {
            "crop": (0 < self.crop <= 1, "above 0, at most 1"),
            "shift": (0 <= self.shift <= 1, "0 to 1"),
            "degrees": (0 <= self.degrees <= 180, "0 to 180"),
            "zoom": (0 < low <= high < math.inf, "two numbers above 0, the larger one last"),
            "contrast": (0 <= self.contrast <= 1, "0 to 1"),
            "brightness": (0 <= self.brightness < math.inf, "0 or more"),
            "saturation": (0 <= self.saturation <= 1, "0 to 1"),
            "erase": (0 <= self.erase <= 1, "0 to 1"),
            "noise": (0 <= self.noise < math.inf, "0 or more"),
        }
        for key, (holds, expected) in rules.items():
            if not holds:
                raise SpecError(
                    f"augment.{key} is out of range",
                    got=getattr(self, key),
                    expected=expected,
                    mend=f"change augment.{key} in the section that has it",
                )


@dataclass(frozen=True, kw_only=True)
class ContrastiveViewConfig(ViewConfig):
    """Changes that a self-supervised method learns to see through: stronger ones.

    What two views share is all that such a method can learn, so what labels depend on has to survive.
    """

    shift: float = 0.15
    """Most of a shift along each axis, as a share of the side."""

    degrees: float = 20.0
    """Most of a turn, either way."""

    zoom: tuple[float, float] = (0.75, 1.35)
    """Least and most magnification."""

    contrast: float = 0.4
    """Most that each channel is stretched or shrunk about its mean, as a share."""

    brightness: float = 0.3
    """Most that each channel's mean moves, in standard deviations of the image."""

    erase: float = 0.5
    """Share of the images that lose a rectangle, of a fifth to two fifths of each side."""

    noise: float = 0.1
    """Gaussian noise, in standard deviations of the image."""


def refuse_unfit_views(
    section: str, augment: bool | ViewConfig, image: tuple[int, int, int] | None, why: str
) -> None:
    """Refuse views that were asked for by name where nobody looks at any, or that these images can't have.

    Args:
        section: that asks for them, e.g. `train`.
        augment: what it asks for.
        image: `(channels, height, width)` where views are looked at, else None.
        why: nobody looks at views, in case that it is so.

    Raises:
        CombinationError: it can't be had.
    """
    if isinstance(augment, bool) or augment == ContrastiveViewConfig():
        return
    if image is None:
        raise CombinationError(
            f"{section}.augment can't be had here",
            got=f"views of images, and {why}",
            expected="images that are looked at while the network learns",
            mend=f"leave {section}.augment out",
        )
    if augment.saturation and image[0] != 3:
        raise CombinationError(
            f"{section}.augment.saturation can't be had with these images",
            got=f"saturation {augment.saturation} and images of {image[0]} channels",
            expected="red, green and blue",
            mend=f"leave {section}.augment.saturation out",
        )
