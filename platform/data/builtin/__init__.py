"""Data sets that ship with the package and run offline."""
