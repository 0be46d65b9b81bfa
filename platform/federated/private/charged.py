"""The ledger hears of rounds before the first and after the last, whatever becomes of the training."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from ...privacy.account import Account
from ...privacy.accountant import SubsampledGaussian

__all__ = ["Rounds", "charged"]


class Rounds(Protocol):
    """Rounds that cost privacy."""

    @property
    def rounds(self) -> int:
        """There are, at most."""
        ...

    @property
    def begun(self) -> int:
        """How many began."""
        ...

    def mechanism(self, rounds: int) -> SubsampledGaussian:
        """What so many are to a ledger."""
        ...


@contextmanager
def charged(account: Account, private: Rounds) -> Iterator[None]:
    """Set all rounds aside, and settle those that began, also where an error ends them.

    A process that is killed settles nothing: all rounds stay charged. Started again it draws new noise, and
    is charged beside.

    Raises:
        BudgetError: the rounds aren't allowed; nothing was done.
    """
    account.reserve(private.mechanism(private.rounds), resumed=False)
    account.begin()
    try:
        yield
    finally:
        account.settle(private.mechanism(private.begun))
