"""What a model cost: energy by stage, and kg CO2e by a stated grid."""

from .account import account
from .grids import Intensity, intensity
from .history import Made, history

__all__ = ["Intensity", "Made", "account", "history", "intensity"]
