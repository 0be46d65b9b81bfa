"""What the ledger's entries say, replayed into the present."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..config import RECORD
from .events import Event, event_from_json

__all__ = ["RECORD", "Budget", "Registered", "Reservation", "State", "replay"]

Stage = Literal["reserved", "begun", "settled", "released"]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The most that may ever be spent on a data set."""

    epsilon: float
    delta: float


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A data set as the ledger knows it."""

    rows: int
    digest: str | None
    """Digest of its units' keyed digests; None where they weren't given."""
    parents: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """One run's part of a budget: reserved, then begun, then settled; or released before it began."""

    number: int
    """Number of its entry."""
    dataset: str
    unit: str
    run: str
    """The run's stable key: a restart finds its reservation by it."""
    attempt: int
    """1 for a run's first reservation; later ones are charged beside it."""
    event: Event
    """What was asked for."""
    stage: Stage = "reserved"
    ran: Event | None = None
    """What really ran, once settled."""
    version: str | None = None
    """The version of the model that came of it, once it has a number."""

    @property
    def charged(self) -> Event | None:
        """What counts: all that was asked for until it is settled; None once released."""
        if self.stage == "released":
            return None
        return self.event if self.ran is None else self.ran

    @property
    def label(self) -> str:
        """How messages name it."""
        return self.version or f"run {self.run[:12]}"


@dataclass
class State:
    """The present."""

    key: str | None = None
    datasets: dict[tuple[str, str], Registered] = field(default_factory=dict)
    """By unit and name."""
    budgets: dict[tuple[str, str], Budget] = field(default_factory=dict)
    """By unit and name."""
    reservations: dict[int, Reservation] = field(default_factory=dict)
    """By number of the entry, oldest first."""

    def of_run(self, run: str) -> list[Reservation]:
        """A run's reservations, oldest first."""
        return [one for one in self.reservations.values() if one.run == run]

    def take_back(self, run: str) -> list[Reservation]:
        """Take what a run's earlier attempts reserved and never began as released; returns it."""
        left = [one for one in self.of_run(run) if one.stage == "reserved"]
        self.reservations.update({one.number: replace(one, stage="released") for one in left})
        return left


def replay(entries: Sequence[Mapping[str, Any]]) -> State:
    """The present, from all entries."""
    state = State()
    for entry in entries:
        _apply(state, entry)
    return state


def _apply(state: State, entry: Mapping[str, Any]) -> None:
    kind = entry["kind"]
    if kind == "key":
        state.key = entry["key"]
    elif kind == "dataset":
        place = (entry["unit"], entry["dataset"])
        known = state.datasets.get(place, Registered(rows=entry["rows"], digest=entry["digest"]))
        state.datasets[place] = replace(known, parents=known.parents | set(entry["parents"]))
    elif kind == "budget":
        budget = Budget(epsilon=entry["epsilon"], delta=entry["delta"])
        state.budgets[entry["unit"], entry["dataset"]] = budget
    elif kind == "reserve":
        names = ("number", "dataset", "unit", "run", "attempt")
        reservation = Reservation(
            event=event_from_json(entry["event"]), **{name: entry[name] for name in names}
        )
        state.reservations[reservation.number] = reservation
    else:
        _change(state, kind, entry)


def _change(state: State, kind: str, entry: Mapping[str, Any]) -> None:
    """What an entry says of an earlier reservation."""
    number = entry["reservation"]
    changes: dict[str, dict[str, Any]] = {
        "begin": {"stage": "begun"},
        "release": {"stage": "released"},
        "settle": {"stage": "settled"},
        "version": {"version": entry.get("version")},
    }
    change = changes[kind]
    if kind == "settle":
        change["ran"] = event_from_json(entry["event"])
    state.reservations[number] = replace(state.reservations[number], **change)
