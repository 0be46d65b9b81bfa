"""The report: findings joined into one report.json, and its renderings. Rendering reads no clock and draws no lot."""

from .assemble import assemble, with_policy
from .consistency import Fault, differences, faults
from .identity import identity
from .schema import SCHEMA_VERSION, schema

__all__ = [
    "SCHEMA_VERSION",
    "Fault",
    "assemble",
    "differences",
    "faults",
    "identity",
    "schema",
    "with_policy",
]
