"""The coins that say which canaries take part, and where their randomness comes from."""

import numpy as np

from ..key_stream import KeyStream

__all__ = ["coins", "random_numbers"]


def coins(count: int, rng: np.random.Generator) -> np.ndarray:
    """`(count,)` bool: fair and independent. Fixing how many are included would make them dependent."""
    return rng.random(count) < 0.5


def random_numbers(seed: int | None, purpose: str = "canaries") -> np.random.Generator:
    """What coins and draws are made of: the operating system's entropy, or a seed that repeats a run.

    Args:
        seed: None takes the operating system's entropy.
        purpose: what it is for: of one seed, what is made for different purposes is unrelated.
    """
    return np.random.default_rng(KeyStream(seed, purpose).words(4, np.uint32))
