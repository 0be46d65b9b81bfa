"""Assay: one spec in, one audited and versioned model report out."""

__version__ = "0.1.0"
