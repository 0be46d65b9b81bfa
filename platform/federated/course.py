"""What a server runs by, what comes of it, and what a watcher sees of each round."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from flwr.app import ArrayRecord, Message

from .faults import Fault

__all__ = ["Course", "Result", "Round", "Standing", "Watcher"]

#: What of a result is kept by the clients' numbers.
_BY_CLIENT = ("asked", "counted", "rows", "judged", "personalized")


@dataclass(frozen=True, kw_only=True)
class Course:
    """The numbers that a server runs by.

    Attributes:
        work: what clients are told, as JSON.
        rounds: of training, at most.
        factor: on the peak learning rate, at a round's number from 0.
        fraction: share of the clients that trains in a round.
        least: answers without which a round fails.
        timeout: seconds that a client may take.
        patience: rounds without a lower validation loss before it stops, or None.
        keep_best: keep the weights of the lowest validation loss; else the last.
        personalize: epochs that clients train the final weights further, to tell what they gain; 0 is none.
        seed: of who takes part.
        silent: clients tell no loss of a train row.
    """

    work: str
    rounds: int
    factor: Callable[[int], float]
    fraction: float = 1.0
    least: int = 1
    timeout: float = 3600.0
    patience: int | None = None
    keep_best: bool = True
    personalize: int = 0
    seed: int = 0
    silent: bool = False


@dataclass
class Result:
    """What came of it.

    Attributes:
        arrays: global weights of that round.
        best_round: the one whose weights were kept: of the lowest validation loss, or the last where the
            course says so or no client has validation rows.
        history: an entry a round: `round`, `train_loss`, `clients` that counted, and `validation_loss` and
            `validation_accuracy` over all clients' validation rows where there are any.
        asked: rounds that each client was asked to train in.
        counted: rounds in which its answer counted.
        rows: train rows that each client says it has; nothing where they are secret.
        judged: by client, the numbers of the best round's judging.
        personalized: by client, the same after training further on its own rows.
        faults: every answer that didn't count.
        watched: by watcher, what it found in each round.
        effort: processor time of server and clients, as `Effort.to_json` tells it.
        resumed_from: rounds that an earlier process had finished, or None.
    """

    arrays: ArrayRecord
    best_round: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    asked: dict[int, int] = field(default_factory=dict)
    counted: dict[int, int] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)
    judged: dict[int, dict[str, Any]] = field(default_factory=dict)
    personalized: dict[int, dict[str, Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    watched: dict[str, list[Any]] = field(default_factory=dict)
    effort: dict[str, Any] = field(default_factory=dict)
    resumed_from: int | None = None

    def to_json(self) -> dict[str, Any]:
        """What a file can tell of it: all but weights, and what this process alone knows."""
        return {
            "best_round": self.best_round,
            "history": self.history,
            "faults": [asdict(fault) for fault in self.faults],
            "watched": self.watched,
            **{
                name: {str(client): own for client, own in getattr(self, name).items()} for name in _BY_CLIENT
            },
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any], arrays: ArrayRecord) -> "Result":
        """Read it back, beside its weights."""
        result = cls(
            arrays,
            best_round=told["best_round"],
            history=told["history"],
            faults=[Fault(**fault) for fault in told["faults"]],
            watched=told["watched"],
        )
        for name in _BY_CLIENT:
            setattr(result, name, {int(client): own for client, own in told[name].items()})
        return result


@dataclass(kw_only=True)
class Standing:
    """Where a training stands between two rounds.

    Attributes:
        number: of rounds that are over.
        arrays: global weights that the next one begins with.
        best: lowest validation loss so far.
        best_round: the round that had it.
        result: what came of all rounds so far.
    """

    number: int
    arrays: ArrayRecord
    best: float
    best_round: int
    result: Result

    def over(self, course: Course) -> bool:
        """Whether no further round is to come."""
        waited = self.number - self.best_round
        return self.number >= course.rounds or (course.patience is not None and waited >= course.patience)

    def note(
        self, arrays: ArrayRecord, entry: dict[str, float], judged: dict[int, dict[str, Any]], *, best: bool
    ) -> None:
        """Close a round.

        Args:
            arrays: global weights after it.
            entry: of the history.
            judged: by client, the numbers of its judging of them.
            best: whether the best weights are kept; else the last.
        """
        self.number, self.arrays = self.number + 1, arrays
        self.result.history.append(entry)
        loss = entry.get("validation_loss")
        better = loss is None or loss < self.best
        if better:
            self.best, self.best_round = math.inf if loss is None else loss, self.number
        if better or not best:
            self.result.best_round, self.result.arrays, self.result.judged = self.number, arrays, judged


@dataclass(frozen=True, kw_only=True)
class Round:
    """A round that is over.

    Attributes:
        number: from 1.
        before: global weights that clients were sent.
        answers: by client in the order of their numbers, those that counted.
        joined: global weights after it.
        judged: by client, the numbers of its judging of those.
        entry: of the history.
        seconds: that it took, judging included.
        result: what came of all rounds so far, this one too.
    """

    number: int
    before: ArrayRecord
    answers: Mapping[int, Message]
    joined: ArrayRecord
    judged: Mapping[int, Mapping[str, Any]]
    entry: Mapping[str, float]
    seconds: float
    result: Result


class Watcher(Protocol):
    """Something that looks at every round and changes none.

    Whatever it needs of earlier rounds it finds in `result.watched[name]`, so that a training that was
    killed goes on without it noticing.
    """

    name: str
    """Key of its findings in `Result.watched`."""

    def round(self, seen: Round) -> Any:
        """What it found, for JSON; None is kept as nothing."""
        ...
