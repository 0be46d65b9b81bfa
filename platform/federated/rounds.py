"""The server's side: rounds of training and judging over any Flower grid.

Who takes part, what they draw and the order in which they are summed are functions of (seed, client, round),
so grids agree. Flower's strategies join the answers, which have been checked before (`faults.py`).
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MessageType, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg

from ..exceptions import AssayError
from ..training.seeding import derive
from .cohort import Cohort
from .faults import Fault, Wanted, accepted
from .messages import ARRAYS, CONFIG, EXAMPLES, METRICS, PARTITION, ROUND, number

__all__ = ["Census", "Course", "Result", "run_rounds", "take_census"]

#: Seconds between two looks at who is there.
_LOOK = 0.05


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


@dataclass(frozen=True)
class Census:
    """Who is there.

    Args:
        clients: number of each node.
        rows: train rows of each node, as it says.
    """

    clients: Mapping[int, int]
    rows: Mapping[int, int]

    @property
    def shares(self) -> dict[int, float]:
        """Of all train rows, by node."""
        total = sum(self.rows.values())
        return {node: rows / total for node, rows in self.rows.items()}


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
        judged: by client, the numbers of the best round's judging.
        personalized: by client, the same after training further on its own rows.
        faults: every answer that didn't count.
    """

    arrays: ArrayRecord
    best_round: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    asked: dict[int, int] = field(default_factory=dict)
    counted: dict[int, int] = field(default_factory=dict)
    judged: dict[int, dict[str, Any]] = field(default_factory=dict)
    personalized: dict[int, dict[str, Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def take_census(grid: Grid, clients: int, timeout: float) -> Census:
    """Wait until all clients are there, and ask who they are.

    Args:
        grid: where they are.
        clients: how many there should be.
        timeout: seconds to wait.

    Raises:
        AssayError: they aren't there in time, or two say that they are the same.
    """
    until = time.monotonic() + timeout
    while len(nodes := sorted(grid.get_node_ids())) < clients:
        if time.monotonic() > until:
            raise AssayError(f"{len(nodes)} of {clients} clients are there after {timeout:g} seconds")
        time.sleep(_LOOK)
    messages = [Message(RecordDict(), node, MessageType.QUERY) for node in nodes]
    numbers, rows = {}, {}
    for reply in grid.send_and_receive(messages, timeout=timeout):
        if not reply.has_error() and METRICS in reply.content.metric_records:
            told = reply.content.metric_records[METRICS]
            numbers[reply.metadata.src_node_id] = int(number(told, PARTITION))
            rows[reply.metadata.src_node_id] = int(number(told, "train"))
    if sorted(numbers.values()) != list(range(clients)):
        raise AssayError(
            f"clients 0 to {clients - 1} should be there, one node each; "
            f"those that answered are {sorted(numbers.values())}"
        )
    return Census(numbers, rows)


def run_rounds(
    grid: Grid,
    strategy: FedAvg,
    arrays: ArrayRecord,
    course: Course,
    census: Census,
    *,
    controls: Iterable[str] = (),
    progress: Callable[[int, dict[str, float]], None] = lambda round_number, entry: None,
) -> Result:
    """Train round after round.

    Args:
        grid: where the clients are.
        strategy: joins the answers.
        arrays: global weights to begin with.
        course: the numbers to run by.
        census: who is there.
        controls: names of the arrays that come with SCAFFOLD.
        progress: told each round's entry of the history.

    Raises:
        AssayError: too few clients answered.
    """
    result, best, best_round = Result(arrays), math.inf, 0
    for round_number in range(1, course.rounds + 1):
        arrays, entry = _train(grid, strategy, arrays, course, census, round_number, tuple(controls), result)
        judged = _judge(grid, arrays, course, census, round_number, result)
        entry |= _over_all(judged)
        result.history.append(entry)
        progress(round_number, entry)
        loss = entry.get("validation_loss")
        better = loss is None or loss < best
        if better:
            best, best_round = math.inf if loss is None else loss, round_number
        if better or not course.keep_best:
            result.best_round, result.arrays, result.judged = round_number, arrays, judged
        if course.patience is not None and round_number - best_round >= course.patience:
            break
    if course.personalize:
        result.personalized = _judge(
            grid, result.arrays, course, census, result.best_round, result, personalized=True
        )
    return result


def _train(
    grid: Grid,
    strategy: FedAvg,
    arrays: ArrayRecord,
    course: Course,
    census: Census,
    round_number: int,
    controls: tuple[str, ...],
    result: Result,
) -> tuple[ArrayRecord, dict[str, float]]:
    """One round: the next global weights, and its entry of the history."""
    asked, there = _drawn(course, census, round_number), set(grid.get_node_ids())
    config = ConfigRecord({"work": course.work, "factor": course.factor(round_number - 1)})
    replies: Iterable[Message] = ()
    if cohort := [node for node in asked if node in there]:
        messages = strategy.configure_train(round_number, arrays, config, Cohort(grid, cohort))
        replies = grid.send_and_receive(messages, timeout=course.timeout)
    wanted = Wanted(round=round_number, numbers=("train-loss",), arrays=arrays, controls=controls)
    answers, faults = accepted(replies, asked, wanted)
    result.faults += faults
    answered = {asked[answer.metadata.src_node_id] for answer in answers}
    for client in asked.values():
        result.asked[client] = result.asked.get(client, 0) + 1
        result.counted[client] = result.counted.get(client, 0) + (client in answered)
    if len(answers) < course.least:
        raise AssayError(_too_few(round_number, len(answers), course.least, len(asked), faults))
    joined, metrics = strategy.aggregate_train(round_number, answers)
    assert joined is not None, "there were answers to join"
    assert metrics is not None, "answers have numbers"
    entry = {"round": round_number, "train_loss": number(metrics, "train-loss"), "clients": len(answers)}
    return _as_sent(joined, arrays), entry


def _judge(
    grid: Grid,
    arrays: ArrayRecord,
    course: Course,
    census: Census,
    round_number: int,
    result: Result,
    *,
    personalized: bool = False,
) -> dict[int, dict[str, Any]]:
    """Each client's judgement of weights on its own validation rows, by client."""
    told: dict[str, Any] = {"work": course.work, ROUND: round_number}
    kind = MessageType.EVALUATE
    if personalized:
        told |= {"factor": course.factor(round_number - 1), "epochs": course.personalize}
        kind = f"{kind}.personalized"
    there = set(grid.get_node_ids())
    asked = {node: client for node, client in census.clients.items() if node in there}
    content = RecordDict({ARRAYS: arrays, CONFIG: ConfigRecord(told)})
    replies = grid.send_and_receive([Message(content, node, kind) for node in asked], timeout=course.timeout)
    wanted = Wanted(round=round_number, numbers=("loss", "rows"), optional=("correct",))
    answers, faults = accepted(replies, asked, wanted)
    result.faults += faults
    return {
        asked[answer.metadata.src_node_id]: dict(answer.content.metric_records[METRICS]) for answer in answers
    }


def _drawn(course: Course, census: Census, round_number: int) -> dict[int, int]:
    """Nodes that should train in a round, and their clients; some may be gone."""
    everybody = sorted(census.clients.values())
    size = max(1, round(course.fraction * len(everybody)))
    draw = np.random.default_rng(derive(course.seed, "cohort", round_number))
    chosen = set(draw.choice(everybody, size=size, replace=False).tolist())
    return {node: client for node, client in census.clients.items() if client in chosen}


def _as_sent(joined: ArrayRecord, sent: ArrayRecord) -> ArrayRecord:
    """Arrays in the precision of those that the round began with: some of Flower's strategies widen them."""
    return ArrayRecord(
        {name: Array(joined[name].numpy().astype(like.dtype, copy=False)) for name, like in sent.items()}
    )


def _over_all(judged: Mapping[int, Mapping[str, Any]]) -> dict[str, float]:
    """Loss and accuracy over all clients' validation rows; nothing where there are none."""
    told = list(judged.values())
    mass, rows = (sum(numbers[key] for numbers in told) for key in (EXAMPLES, "rows"))
    if not mass:
        return {}
    found = {"validation_loss": sum(numbers["loss"] * numbers[EXAMPLES] for numbers in told) / mass}
    if all("correct" in numbers for numbers in told):
        found["validation_accuracy"] = sum(numbers["correct"] for numbers in told) / rows
    return found


def _too_few(round_number: int, answers: int, least: int, asked: int, faults: list[Fault]) -> str:
    """Why the training ends here."""
    lines = [f"  client {fault.client}: {fault.kind}: {' '.join(fault.said.split())}" for fault in faults[:5]]
    said = f"round {round_number}: {answers} of {asked} clients answered as they should, {least} are needed"
    return "\n".join([said, *lines])
