"""A run's account with the ledger: one reservation, begun and settled."""

from dataclasses import dataclass, field
from pathlib import Path

from ..accountant import SubsampledGaussian
from .events import NonPrivate, event_of
from .ledger import Ledger
from .records import RECORD, Reservation

__all__ = ["LedgerAccount"]


@dataclass(kw_only=True)
class LedgerAccount:
    """The account of one run on one data set. It can be sent to another process: the ledger is opened there.

    Attributes:
        url: of the ledger.
        private: its folder of private files.
        dataset: what is trained on, registered for the unit.
        run: the run's stable key, the same after a restart.
        unit: whom its noise hides.
    """

    url: str
    private: Path
    dataset: str
    run: str
    unit: str = RECORD
    _reservation: Reservation | None = field(default=None, init=False)

    def reserve(self, mechanism: SubsampledGaussian, *, resumed: bool) -> None:
        """Set the mechanism's cost aside.

        Raises:
            BudgetError: a budget doesn't allow it; nothing was written.
        """
        self._reservation = self._ledger.reserve(
            self.dataset, event_of([mechanism]), run=self.run, unit=self.unit, resumed=resumed
        )

    def begin(self) -> None:
        """From now on it counts, whatever becomes of the run."""
        assert self._reservation is not None, "reserve comes first"
        self._reservation = self._ledger.begin(self._reservation)

    def settle(self, ran: SubsampledGaussian) -> None:
        """Count what ran instead of what was set aside."""
        assert self._reservation is not None, "reserve comes first"
        self._ledger.settle(self._reservation, event_of([ran]))

    def spend_without_privacy(self) -> None:
        """Charge training without any mechanism, once a run: no second attempt could tell more than all.

        Raises:
            BudgetError: the rows have a budget.
        """
        mine = (self.run, self.dataset)
        if any(
            (one.run, one.dataset) == mine and one.charged is not None for one in self._ledger.reservations()
        ):
            return
        reservation = self._ledger.reserve(self.dataset, NonPrivate(), run=self.run, unit=self.unit)
        # However few steps come of it: nothing bounds what they tell.
        self._ledger.settle(self._ledger.begin(reservation), NonPrivate())

    @property
    def _ledger(self) -> Ledger:
        return Ledger(self.url, private=self.private)
