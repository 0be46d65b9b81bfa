"""One file a command of `assay`."""
