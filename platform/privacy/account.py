"""Who is told what a private run will do to the rows before it does it, and what it did."""

from typing import Protocol

from .accountant import SubsampledGaussian

__all__ = ["Account", "Unaccounted"]


class Account(Protocol):
    """The three moments of a run that somebody may have to know of, in this order.

    An error in any of them ends the run there: what can't be written down isn't done.
    """

    def reserve(self, mechanism: SubsampledGaussian, *, resumed: bool) -> None:
        """Before anything of the run is kept.

        Args:
            mechanism: all that the run may do.
            resumed: it goes on from a checkpoint, with the same noise for the same steps.

        Raises:
            BudgetError: it may not.
        """

    def begin(self) -> None:
        """Right before the first step, once a checkpoint can bring back the noise of every step to come."""

    def settle(self, ran: SubsampledGaussian) -> None:
        """After the last step: what really ran."""


class Unaccounted:
    """Nobody is told: for rows that no ledger keeps count of."""

    def reserve(self, mechanism: SubsampledGaussian, *, resumed: bool) -> None:
        """Nothing."""

    def begin(self) -> None:
        """Nothing."""

    def settle(self, ran: SubsampledGaussian) -> None:
        """Nothing."""
