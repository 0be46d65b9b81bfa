"""The privacy ledger: what was ever spent on a data set, reserved before a run and settled after it.

A run's life: `reserve`, before anything reads the rows; `begin`, right before the first step; `settle`, with
what really ran. Killed before `begin`, a reservation may be released, and `begin` then refuses; killed after
it, all of it counts until the resumed run settles it. One transaction decides and writes, and only one
process is in it at a time, so runs can't overspend together.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...exceptions import BudgetError, DataError, LedgerError, SpecError, VerificationError
from .book import Shelf
from .chain import START, Head, check_head
from .events import Event, event_from_json
from .overlap import add_dataset, digest_of, stored_digests
from .records import RECORD, Budget, Registered, Reservation
from .renyi import renyi_curve
from .spending import Spent, check_budget_holds, check_fits, spent_on

__all__ = ["Ledger"]

_LONGEST_NAME = 200
_ROUNDING = 1e-9


class Ledger:
    """One ledger; nothing is made or opened before its first method.

    Args:
        url: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`; may be the registry's.
        private: folder for the two files that stay on this machine, see `private_file`; one for each ledger.

    Raises:
        SpecError: the URL isn't one of these.
        LedgerError: from every method, where the database or the private files can't be used.
        VerificationError: from every method, where the ledger isn't as it was written.
    """

    def __init__(self, url: str, *, private: Path):
        self._shelf = Shelf(url, private)

    @property
    def exists(self) -> bool:
        """Whether a data set was ever registered here; also where the ledger is gone since."""
        return self._shelf.begun

    def row_key(self, unit: str = RECORD) -> bytes:
        """The key for `row_digests`; units of different kinds have unrelated digests."""
        with self._shelf.writing():
            return self._shelf.private.derive(self._shelf.private.key(), f"rows by {unit}")

    def knows(self, dataset: str, *, unit: str = RECORD) -> bool:
        """Whether a data set is registered for a unit."""
        if not self.exists:
            return False
        with self._shelf.reading() as book:
            return (unit, dataset) in book.state.datasets

    def register(
        self,
        dataset: str,
        *,
        digests: np.ndarray | None = None,
        parents: Sequence[str] = (),
        unit: str = RECORD,
    ) -> None:
        """Make a data set known, with its rows and where they come from; doing so again changes nothing.

        Args:
            dataset: its name: one that changes with the rows, such as the source's fingerprint.
            digests: `row_digests` of all rows that a run may read; None where there are too many to read.
            parents: data sets that its rows were taken or made from.
            unit: `record`, or the column that says whose row it is.

        Raises:
            DataError: it is known with other rows, or a parent isn't known.
        """
        _check_name(dataset, "a data set's name")
        _check_name(unit, "a privacy unit")
        rows = np.unique(np.empty(0, np.uint64) if digests is None else np.asarray(digests, np.uint64))
        known = Registered(rows=len(rows), digest=None if digests is None else digest_of(rows))
        with self._shelf.writing() as book:
            for parent in parents:
                book.dataset(parent, unit)
            place = (unit, dataset)
            before = book.state.datasets.get(place)
            if before and digests is not None and before.digest != known.digest:
                raise DataError(
                    f"the data set {dataset} is registered with other rows",
                    got=f"{known.rows} rows, digest {str(known.digest)[:12]}",
                    expected=f"{before.rows} rows, digest {str(before.digest)[:12]}",
                    mend="register what changed under a name of its own, with this one as its parent",
                )
            if before and set(parents) <= before.parents:
                return
            if not before:
                add_dataset(book.connection, unit, dataset, rows)
            entry = before or known
            book.write(
                "dataset", dataset=dataset, unit=unit, rows=entry.rows, digest=entry.digest,
                parents=sorted(set(parents)),
            )  # fmt: skip

    def set_budget(self, dataset: str, *, epsilon: float, delta: float, unit: str = RECORD) -> None:
        """Set the most that may ever be spent on a data set's rows, by runs on any data set that shares them.

        Its guarantee is a filter's and begins here: set it before the first run. Changing it after having
        seen results is a decision that no theorem covers; both values stay in the chain.

        Raises:
            SpecError: epsilon isn't above 0, or delta not between 0 and 1 / rows.
            BudgetError: more was spent already.
            DataError: the data set isn't registered.
        """
        if not (0 < epsilon < math.inf and 0 < delta < 1):
            raise SpecError(
                "a privacy budget is out of range",
                got=f"epsilon {epsilon}, delta {delta}",
                expected="epsilon above 0, delta in (0, 1) and below 1 / rows",
            )
        budget = Budget(epsilon=float(epsilon), delta=float(delta))
        with self._shelf.writing() as book:
            rows = book.dataset(dataset, unit).rows
            if rows and delta >= 1 / rows:
                raise SpecError(
                    "a privacy budget's delta is too large",
                    got=delta,
                    expected=f"below {1 / rows:.3g}, 1 / {rows} units: at more a whole one may be published",
                )
            if book.state.budgets.get((unit, dataset)) == budget:
                return
            book.state.budgets[unit, dataset] = budget
            spent = spent_on(book.state, book.blocks(), unit, dataset, delta)
            check_budget_holds(spent, budget, dataset, unit)
            book.write("budget", dataset=dataset, unit=unit, epsilon=budget.epsilon, delta=budget.delta)

    def reserve(
        self, dataset: str, event: Event, *, run: str, unit: str = RECORD, resumed: bool = False
    ) -> Reservation:
        """Set a run's cost aside before it starts; afterwards it counts, whatever becomes of the run.

        Args:
            dataset: what it trains on, registered for this unit.
            event: all that it may do; `NonPrivate()` for training without privacy.
            run: a stable key, the same after a restart.
            unit: whom the run's noise hides.
            resumed: it goes on from a checkpoint with the noise's state in it, so that steps done again
                publish nothing new, and takes up its reservation. A run that starts anew draws new noise: it
                is charged beside its earlier attempts, but for what they reserved and never began: that is
                released.

        Raises:
            BudgetError: a budget doesn't allow it; nothing was written and nothing may start.
            DataError: the data set isn't registered.
        """
        _check_name(run, "a run's key")
        event = event_from_json(event.to_json())  # what can't be read again mustn't be written
        if not resumed:
            self.check(dataset, event, unit=unit, run=run)  # and work out curves while nobody waits
        with self._shelf.writing() as book:
            if resumed:
                return _taken_up(book.state.of_run(run), dataset, event, unit)
            for left in book.state.take_back(run):
                book.write("release", reservation=left.number)
            asked = book.asked(dataset, event, run, unit)
            check_fits(book.state, book.blocks(), asked)
            body = {"dataset": dataset, "unit": unit, "run": run, "attempt": asked.attempt}
            book.write("reserve", **body, event=event.to_json())
            return asked

    def check(self, dataset: str, event: Event, *, unit: str = RECORD, run: str = "asked for") -> None:
        """Refuse what `reserve` would refuse now, and reserve nothing.

        Raises:
            BudgetError: a budget doesn't allow it.
            DataError: the data set isn't registered.
        """
        with self._shelf.reading() as book:
            book.state.take_back(run)
            check_fits(book.state, book.blocks(), book.asked(dataset, event, run, unit))

    def begin(self, reservation: Reservation) -> Reservation:
        """Say that the run reads rows from now on; training may start once this has returned.

        Raises:
            BudgetError: the reservation was released.
        """
        with self._shelf.writing() as book:
            now = book.current(reservation)
            if now.stage == "released":
                raise BudgetError("a released reservation can't begin", got=now.run, mend="reserve again")
            if now.stage == "reserved":
                book.write("begin", reservation=now.number)
                now = replace(now, stage="begun")
            return now

    def settle(self, reservation: Reservation, ran: Event) -> Reservation:
        """Replace what was reserved by what ran; once, and again with the same.

        Raises:
            BudgetError: it was settled otherwise, or never begun.
            LedgerError: more ran than was reserved; it is written down all the same.
        """
        ran = event_from_json(ran.to_json())
        with self._shelf.writing() as book:
            now = book.current(reservation)
            if now.stage == "settled" and now.ran == ran:
                return now
            if now.stage != "begun":
                raise BudgetError(
                    "a reservation can't be settled", got=now.stage, expected="begun, and not yet settled"
                )
            book.write("settle", reservation=now.number, event=ran.to_json())
        if (renyi_curve(ran) > renyi_curve(now.event) * (1 + _ROUNDING)).any():
            raise LedgerError(
                f"run {now.run} did more to {now.dataset} than it had reserved; what it did is counted\n"
                f"  mend: reserve all that a run may do: {now.event.to_json()} was reserved"
            )
        return replace(now, stage="settled", ran=ran)

    def release(self, reservation: Reservation) -> None:
        """Give back a reservation that never began, and so never touched a row; it can't begin afterwards.

        Raises:
            BudgetError: it has begun.
        """
        with self._shelf.writing() as book:
            now = book.current(reservation)
            if now.stage in ("begun", "settled"):
                raise BudgetError(
                    "a reservation that has begun can't be released",
                    got=now.stage,
                    expected="reserved",
                    mend="resume the run: it settles what it really used",
                )
            if now.stage == "reserved":
                book.write("release", reservation=now.number)

    def attribute(self, reservation: Reservation, version: str) -> None:
        """Note which version of a model came of a run, `adult@3`: refusals name it."""
        _check_name(version, "a version")
        with self._shelf.writing() as book:
            if book.current(reservation).version != version:
                book.write("version", reservation=reservation.number, version=version)

    def spent(
        self, dataset: str, *, unit: str = RECORD, delta: float | None = None, upto: Head | None = None
    ) -> Spent:
        """What was spent on a data set's rows, by runs on any data set that shares them.

        Args:
            dataset: a registered one.
            unit: whose epsilon.
            delta: at which; None takes the budget's.
            upto: an earlier head, for what had been spent then.

        Raises:
            DataError: it isn't registered, or has neither a budget nor a delta.
            VerificationError: the chain doesn't lead through that head.
        """
        with self._shelf.reading() as book:
            book.dataset(dataset, unit)
            state = book.state if upto is None else book.at(upto)
            budget = state.budgets.get((unit, dataset))
            at = delta if delta is not None else budget.delta if budget else None
            if at is None:
                raise DataError(f"{dataset} has no budget", expected="a delta to state its epsilon at")
            return spent_on(state, book.blocks(), unit, dataset, at)

    def datasets(self) -> tuple[tuple[str, str, Budget | None], ...]:
        """Every registered data set's unit, name and budget."""
        with self._shelf.reading() as book:
            budgets = book.state.budgets
            return tuple((unit, name, budgets.get((unit, name))) for unit, name in book.state.datasets)

    def reservations(self) -> tuple[Reservation, ...]:
        """Every reservation ever made, oldest first."""
        with self._shelf.reading() as book:
            return tuple(book.state.reservations.values())

    def head(self) -> Head:
        """The head of the chain, for a report."""
        with self._shelf.reading() as book:
            return book.head

    def verify_chain(self, seen: Head | None = None) -> Head:
        """Check every entry, what this machine and a report saw of them, and every data set's digests.

        Args:
            seen: the head in a report.

        Raises:
            VerificationError: the first entry or data set that isn't as it was written is named.
        """
        with self._shelf.reading() as book:
            check_head(book.entries, book.head, seen or START, "a report")
            for (unit, name), known in book.state.datasets.items():
                if known.digest and digest_of(stored_digests(book.connection, unit, name)) != known.digest:
                    raise VerificationError(f"the ledger's row digests of {name} by {unit} were changed")
            return book.head


def _taken_up(of_run: Sequence[Reservation], dataset: str, event: Event, unit: str) -> Reservation:
    """The reservation that a resumed run goes on with."""
    live = [one for one in of_run if one.stage != "released"]
    if not live:
        raise BudgetError(
            "a run that reserved nothing can't be resumed", mend="remove its checkpoints and start it again"
        )
    if (live[-1].dataset, live[-1].event, live[-1].unit) != (dataset, event, unit):
        raise BudgetError(
            "a resumed run isn't the one that was reserved",
            got=f"{event.to_json()} on {dataset}",
            expected=f"{live[-1].event.to_json()} on {live[-1].dataset}",
            mend="remove its checkpoints and start it again: it is charged beside what already ran",
        )
    return live[-1]


def _check_name(name: str, what: str) -> None:
    if not (isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and name.isprintable()):
        raise SpecError(
            f"{what} can't be used",
            got=f"{name!r:.100}",
            expected=f"1 to {_LONGEST_NAME} printable characters",
        )
