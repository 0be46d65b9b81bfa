"""Federated evaluation: every client judges weights on its own validation rows, and tells numbers alone."""

from collections.abc import Mapping
from typing import Any

from flwr.app import ArrayRecord, ConfigRecord, Message, MessageType, RecordDict
from flwr.serverapp import Grid

from .census import Census
from .course import Course
from .faults import Fault, Wanted, accepted
from .messages import ARRAYS, CONFIG, EXAMPLES, METRICS, ROUND

__all__ = ["judge_at_clients", "over_all"]


def judge_at_clients(
    grid: Grid,
    arrays: ArrayRecord,
    course: Course,
    census: Census,
    round_number: int,
    *,
    personalized: bool = False,
) -> tuple[dict[int, dict[str, Any]], list[Fault]]:
    """Have weights judged by all clients that are there.

    Args:
        grid: where they are.
        arrays: weights to judge.
        course: the numbers to run by.
        census: who is there.
        round_number: that the answers are to.
        personalized: after training further on each client's own rows.

    Returns:
        Each client's numbers, and every answer that doesn't count.
    """
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
    numbers = {
        asked[answer.metadata.src_node_id]: dict(answer.content.metric_records[METRICS]) for answer in answers
    }
    return numbers, faults


def over_all(judged: Mapping[int, Mapping[str, Any]]) -> dict[str, float]:
    """Loss and accuracy over all clients' validation rows; nothing where there are none.

    Args:
        judged: by client, the numbers that it told.
    """
    told = list(judged.values())
    mass, rows = (sum(numbers[key] for numbers in told) for key in (EXAMPLES, "rows"))
    if not mass:
        return {}
    found = {"validation_loss": sum(numbers["loss"] * numbers[EXAMPLES] for numbers in told) / mass}
    if all("correct" in numbers for numbers in told):
        found["validation_accuracy"] = sum(numbers["correct"] for numbers in told) / rows
    return found
