"""Which device computes."""

import torch

from ..exceptions import CombinationError


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` takes the first of cuda, mps and cpu that is there.

    Raises:
        CombinationError: the device that was asked for isn't there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    found = [device for device, available in there.items() if available]
    if name == "auto":
        return torch.device(found[0])
    if name not in found:
        raise CombinationError(
            "the device isn't there",
            got=name,
            expected=f"auto, or one of {', '.join(found)}",
            mend="set device to auto",
        )
    return torch.device(name)
