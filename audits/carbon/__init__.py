"""What a model cost: energy by stage, and kg CO2e by a stated grid."""

from .account import account
from .grids import Intensity, intensity

__all__ = ["Intensity", "account", "intensity"]
