"""The server's side: rounds of training and judging over any Flower grid.

Who takes part, what they draw and the order in which they are summed are functions of (seed, client, round),
so grids agree. Flower's strategies join the answers, which have been checked before (`faults.py`).
"""

import copy
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg

from ..exceptions import AssayError
from .asking import Answers, Ask, one_by_one
from .census import Census
from .cohort import Cohort, Draw, fixed_share
from .course import Course, Result, Round, Standing, Watcher
from .faults import Fault, Wanted
from .held import record_of
from .judging import judge_at_clients
from .messages import BOUND, WITHIN, number
from .resume import RoundCheckpoints

__all__ = ["run_rounds"]


def run_rounds(
    grid: Grid,
    strategy: FedAvg,
    arrays: ArrayRecord,
    course: Course,
    census: Census,
    *,
    controls: Iterable[str] = (),
    watchers: Iterable[Watcher] = (),
    draw: Draw = fixed_share,
    ask: Ask = one_by_one,
    checkpoints: RoundCheckpoints | None = None,
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
        watchers: look at each round when it is over, one after the other.
        draw: who takes part in a round.
        ask: how answers come.
        checkpoints: where rounds are written down, and found again; None keeps none.
        progress: told each round's entry of the history.

    Raises:
        AssayError: too few clients answered.
    """
    standing = (checkpoints.recall() if checkpoints else None) or Standing(
        number=0, arrays=arrays, best=math.inf, best_round=0, result=Result(arrays)
    )
    result, controls, watchers = standing.result, tuple(controls), tuple(watchers)
    while not standing.over(course):
        begun, before, round_number = time.monotonic(), standing.arrays, standing.number + 1
        asked = draw(course, census, round_number)
        answers = _answers(grid, strategy, before, course, asked, round_number, controls, ask, result)
        arrays, numbers = _joined(strategy, answers, before, round_number)
        judged, together, faults = judge_at_clients(grid, arrays, course, census, round_number, ask=ask)
        result.faults += faults
        entry = {"round": round_number, **numbers, "clients": len(answers.clients), **together}
        standing.note(arrays, entry, judged, best=course.keep_best)
        _watch(
            watchers,
            Round(
                number=round_number,
                before=before,
                answers=answers.each,
                joined=arrays,
                judged=judged,
                entry=entry,
                seconds=time.monotonic() - begun,
                result=result,
            ),
        )
        if checkpoints:
            checkpoints.keep(standing)
        progress(round_number, entry)
    if course.personalize:
        result.personalized, _, faults = judge_at_clients(
            grid, result.arrays, course, census, result.best_round, personalized=True, ask=ask
        )
        result.faults += faults
    return result


def _answers(
    grid: Grid,
    strategy: FedAvg,
    arrays: ArrayRecord,
    course: Course,
    asked: Mapping[int, int],
    round_number: int,
    controls: tuple[str, ...],
    ask: Ask,
    result: Result,
) -> Answers:
    """Have a round's clients train."""
    there = set(grid.get_node_ids())
    config = ConfigRecord({"work": course.work, "factor": course.factor(round_number - 1)})
    cohort = [node for node in asked if node in there]
    # A strategy hears of every round, and where it is shown nobody it waits for ever.
    messages = strategy.configure_train(round_number, arrays, config, Cohort(grid, cohort or [*there, 0]))
    said = (WITHIN,) if BOUND in config else ()
    told = () if course.silent else ("train-loss",)
    wanted = Wanted(round=round_number, numbers=told, optional=said, arrays=arrays, controls=controls)
    answers = ask(grid, list(messages) if cohort else [], asked, wanted, course.timeout)
    result.faults += answers.faults
    for client in asked.values():
        result.asked[client] = result.asked.get(client, 0) + 1
        result.counted[client] = result.counted.get(client, 0) + (client in answers.clients)
    least = min(course.least, len(asked))
    if (counted := len(answers.clients)) < least:
        raise AssayError(_too_few(round_number, counted, least, len(asked), answers.faults))
    return answers


def _joined(
    strategy: FedAvg, answers: Answers, sent: ArrayRecord, round_number: int
) -> tuple[ArrayRecord, dict[str, float]]:
    """The next global weights, and the mean training loss where the strategy tells it.

    Weights have the precision of those that the round began with: some of Flower's strategies widen them.
    """
    joined, metrics = strategy.aggregate_train(round_number, [_copied(answer) for answer in answers.joined])
    assert joined is not None, "there were answers to join, or noise"
    assert metrics is not None, "answers have numbers"
    arrays = {name: Array(joined[name].numpy().astype(like.dtype, copy=False)) for name, like in sent.items()}
    told = {"train_loss": number(metrics, "train-loss")} if "train-loss" in metrics else {}
    return ArrayRecord(arrays), told


def _copied(answer: Message) -> Message:
    """An answer of its own content, arrays shared: some of Flower's strategies empty what they joined."""
    own = copy.copy(answer)
    own.content = RecordDict()
    for name, record in answer.content.items():
        if isinstance(record, ArrayRecord):
            own.content[name] = record_of(record)
        else:
            own.content[name] = type(record)(dict(record))  # type: ignore[arg-type]  # each of its own type
    return own


def _watch(watchers: Iterable[Watcher], seen: Round) -> None:
    """Show a round to each watcher, and keep what it found."""
    for watcher in watchers:
        found = watcher.round(seen)
        if found is not None:
            seen.result.watched.setdefault(watcher.name, []).append(found)


def _too_few(round_number: int, answers: int, least: int, asked: int, faults: Sequence[Fault]) -> str:
    """Why the training ends here."""
    lines = [f"  client {fault.client}: {fault.kind}: {' '.join(fault.said.split())}" for fault in faults[:5]]
    said = f"round {round_number}: {answers} of {asked} clients answered as they should, {least} are needed"
    return "\n".join([said, *lines])
