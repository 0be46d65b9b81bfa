"""Which versions of which models exist, what the gate said of them, and which of them is in use."""

from .records import Summary, Verdict, Version, identity_of, parse_reference
from .registry import Registry

__all__ = ["Registry", "Summary", "Verdict", "Version", "identity_of", "parse_reference"]
