"""How much energy a stage used: measured where a counter exists, else estimated, flagged and bounded."""

from .meter import EnergyMeter
from .reading import Reading

__all__ = ["EnergyMeter", "Reading"]
