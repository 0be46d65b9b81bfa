"""Federated evaluation: every client judges weights on its own validation rows, and tells numbers alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from flwr.app import ArrayRecord, ConfigRecord, Message, MessageType, MetricRecord, RecordDict
from flwr.serverapp import Grid

from .asking import Ask, one_by_one
from .census import Census
from .course import Course
from .faults import Fault, Wanted
from .messages import ARRAYS, CONFIG, EXAMPLES, METRICS, ROUND, record_in

__all__ = ["judge_at_clients"]


def judge_at_clients(
    grid: Grid,
    arrays: ArrayRecord,
    course: Course,
    census: Census,
    round_number: int,
    *,
    personalized: bool = False,
    ask: Ask = one_by_one,
) -> tuple[dict[int, dict[str, Any]], dict[str, float], Sequence[Fault]]:
    """Have weights judged by all clients that are there.

    Args:
        grid: where they are.
        arrays: weights to judge.
        course: the numbers to run by.
        census: who is there.
        round_number: that the answers are to.
        personalized: after training further on each client's own rows.
        ask: how answers come.

    Returns:
        Each client's numbers; `validation_loss` and `validation_accuracy` over all clients' validation rows,
        or nothing where there are none; and every answer that doesn't count.
    """
    told: dict[str, Any] = {"work": course.work, ROUND: round_number}
    kind = MessageType.EVALUATE
    if personalized:
        told |= {"factor": course.factor(round_number - 1), "epochs": course.personalize}
        kind = f"{kind}.personalized"
    there = set(grid.get_node_ids())
    asked = {node: client for node, client in census.clients.items() if node in there}
    content = RecordDict({ARRAYS: arrays, CONFIG: ConfigRecord(told)})
    wanted = Wanted(round=round_number, numbers=("loss", "rows"), optional=("correct",))
    answers = ask(grid, [Message(content, node, kind) for node in asked], asked, wanted, course.timeout)
    each = {client: _numbers(answer) for client, answer in answers.each.items()}
    together = _over_all(list(map(_numbers, answers.joined)))
    return each, together, answers.faults


def _numbers(answer: Message) -> dict[str, Any]:
    """What a client told; that there are numbers has been checked."""
    return dict(record_in(answer.content, METRICS, MetricRecord) or {})


def _over_all(told: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Loss and accuracy of answers together; nothing where there are no rows."""
    mass, rows = (sum(numbers[key] for numbers in told) for key in (EXAMPLES, "rows"))
    if not mass:
        return {}
    found = {"validation_loss": sum(numbers["loss"] * numbers[EXAMPLES] for numbers in told) / mass}
    if all("correct" in numbers for numbers in told):
        found["validation_accuracy"] = sum(numbers["correct"] for numbers in told) / rows
    return found
