"""Every error that Assay raises on purpose, and the exit code that it ends in.

AssayError                  1  something inside went wrong
├── UsageError              2  the spec, a file or an option is wrong: got / expected / how to mend
│   ├── SpecError              a key or a value of the spec
│   ├── DataError              a file, a column or a row
│   ├── ModelError             a model artifact that can't be used as asked
│   ├── CombinationError       two things that can't be had together
│   └── BudgetError            the privacy budget of a data set doesn't allow it
├── StoreError              1  an artifact can't be read or written
├── RegistryError           1  the registry can't be read or written
│   └── VersionTakenError      another process took the version number first
├── LedgerError             1  the privacy ledger can't be read or written
└── VerificationError       5  evidence and report differ
"""

__all__ = [
    "AssayError",
    "BudgetError",
    "CombinationError",
    "DataError",
    "LedgerError",
    "ModelError",
    "RegistryError",
    "SpecError",
    "StoreError",
    "UsageError",
    "VerificationError",
    "VersionTakenError",
    "nearest",
]

from collections.abc import Iterable
from difflib import get_close_matches


class AssayError(Exception):
    """Root of the tree; `exit_code` is what the command line ends with."""

    exit_code = 1


class UsageError(AssayError):
    """What a person gave can't be used.

    Args:
        message: one line that names the thing that is wrong.
        got: what was found there.
        expected: what would have been right.
        mend: what to do about it.
    """

    exit_code = 2

    def __init__(self, message: str, *, got: object = None, expected: object = None, mend: str | None = None):
        self.message, self.got, self.expected, self.mend = message, got, expected, mend
        rows = (("got", got), ("expected", expected), ("mend", mend))
        said = (f"  {name}: {value}" for name, value in rows if value is not None)
        super().__init__("\n".join([message, *said]))


class SpecError(UsageError):
    """A key or a value of the spec is wrong."""


class DataError(UsageError):
    """A file, a column or a row can't be used."""


class ModelError(UsageError):
    """A model artifact can't be used as asked."""


class CombinationError(UsageError):
    """Two things that were asked for can't be had together."""


class BudgetError(UsageError):
    """The privacy budget of a data set doesn't allow it."""


class StoreError(AssayError):
    """An artifact can't be read or written."""


class RegistryError(AssayError):
    """The registry can't be read or written."""


class VersionTakenError(RegistryError):
    """Another process registered the same version number first."""


class LedgerError(AssayError):
    """The privacy ledger can't be read or written."""


class VerificationError(AssayError):
    """Evidence and report differ."""

    exit_code = 5


def nearest(name: str, known: Iterable[str]) -> str:
    """Sentence that names the known values, the nearest one first: for 'how to mend' lines."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}known: {', '.join(names)}"
