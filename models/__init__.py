"""Floor 1: networks and how they learn. Only torch; no files, no network."""
