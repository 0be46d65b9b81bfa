"""The error for a name that no table has."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["UnknownNameError"]


class UnknownNameError(ValueError):
    """A name that isn't in its table; `got`, `expected` and `mend` can be shown to the person who wrote it.

    Args:
        what: what was named, e.g. `architecture`.
        got: the name.
        known: the names that would have been right.
    """

    def __init__(self, what: str, got: str, known: Iterable[str]):
        names = sorted(known)
        close = get_close_matches(got, names, n=1, cutoff=0.5)
        self.what, self.got = what, got
        self.expected = f"one of {', '.join(names)}" if names else "no name here"
        self.mend = f"did you mean {close[0]!r}?" if close else "take one of the known names"
        super().__init__(f"unknown {what}: got {got!r}, expected {self.expected}; {self.mend}")
