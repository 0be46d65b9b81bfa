"""Which versions of which models exist, what the gate said of them, and which of them is in use."""

from .records import Summary, Verdict, Version, Waiver, identity_of, parse_reference
from .registry import Registry
from .waivers import Waivers, today, unwaived

__all__ = [
    "Registry",
    "Summary",
    "Verdict",
    "Version",
    "Waiver",
    "Waivers",
    "identity_of",
    "parse_reference",
    "today",
    "unwaived",
]
