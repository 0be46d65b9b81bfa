"""Models that were made elsewhere, asked in the same way as our own; one file a format."""

from .model import ForeignModel
from .taking import FORMATS, fingerprint, open_foreign, take, take_module

__all__ = ["FORMATS", "ForeignModel", "fingerprint", "open_foreign", "take", "take_module"]
