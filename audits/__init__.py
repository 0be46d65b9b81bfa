"""Floor 3: what is said about a model. Pure functions over predictions, a predictor, data and manifests."""
