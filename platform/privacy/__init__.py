"""Differential privacy: clipping by book-keeping, noise, Poisson sampling, accounting."""
