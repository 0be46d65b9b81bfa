"""What a client tells of its work, and what of SCAFFOLD it remembers from round to round."""

from collections.abc import Mapping

import torch
from flwr.app import ConfigRecord, Context, MetricRecord, RecordDict
from torch import Tensor

from .local import Judged, Learned
from .messages import (
    ARRAYS,
    BOUND,
    CONFIG,
    CONTROL,
    EXAMPLES,
    METRICS,
    ROUND,
    WITHIN,
    arrays_of,
    number,
    tensors_of,
)
from .private.updates import clipped

__all__ = ["correction_of", "judged", "trained"]

#: Where a client remembers SCAFFOLD's control variate between rounds, and the one that no server has
#: counted yet.
_COUNTED, _PENDING, _PENDING_ROUND = "control", "control-pending", "control-pending-round"


def trained(
    learned: Learned,
    examples: float,
    config: ConfigRecord,
    weights: Mapping[str, Tensor],
    mine: Mapping[str, Tensor],
    context: Context,
) -> RecordDict:
    """A training as an answer; its control variate stays with the client until the server counted it.

    Args:
        learned: what came of it.
        examples: how much the client's rows count.
        config: what the server told.
        weights: the global ones that it began with.
        mine: SCAFFOLD's c_i, by name; empty without.
        context: the client's memory.
    """
    round_number = int(number(config, ROUND))
    metrics = {EXAMPLES: examples, ROUND: round_number}
    if learned.loss is not None:
        metrics["train-loss"] = learned.loss
    moved = learned.weights
    if BOUND in config:  # with client-level privacy; the server clips again
        moved, within = clipped(weights, learned.weights, number(config, BOUND))
        metrics[WITHIN] = int(within)
    content = RecordDict({ARRAYS: arrays_of(moved), METRICS: MetricRecord(metrics)})
    if learned.control:
        context.state[_PENDING] = arrays_of(learned.control)
        context.state[_PENDING_ROUND] = ConfigRecord({ROUND: round_number})
        content[CONTROL] = arrays_of({name: part - mine[name] for name, part in learned.control.items()})
    return content


def correction_of(
    content: RecordDict, context: Context, client: int, device: torch.device
) -> tuple[dict[str, Tensor] | None, dict[str, Tensor]]:
    """SCAFFOLD's c - c_i and c_i; None and nothing where the server sends no c.

    A control variate counts once the server has said that it counted the answer it came with. Otherwise an
    answer that was lost or left out would part c from the mean of all c_i for good.

    Args:
        content: of the server's message.
        context: the client's memory.
        client: its number.
        device: where it computes.
    """
    if CONTROL not in content:
        return None, {}
    everybody = tensors_of(content.array_records[CONTROL], device)
    state = context.state
    if _PENDING in state:
        counted = content.config_records[CONFIG]["counted"]
        assert isinstance(counted, list), "the server lists the last counted round of each client"
        if state.config_records[_PENDING_ROUND][ROUND] == counted[client]:
            state[_COUNTED] = state.array_records[_PENDING]
    if _COUNTED in state:
        mine = tensors_of(state.array_records[_COUNTED], device)
    else:
        mine = {name: part.new_zeros(part.shape) for name, part in everybody.items()}
    return {name: part - mine[name] for name, part in everybody.items()}, mine


def judged(found: Judged, config: ConfigRecord) -> RecordDict:
    """A judgement as an answer.

    Args:
        found: what the client found.
        config: what the server told.
    """
    numbers = {
        EXAMPLES: found.examples,
        "loss": found.loss,
        "rows": found.rows,
        ROUND: int(number(config, ROUND)),
    }
    if found.correct is not None:
        numbers["correct"] = found.correct
    return RecordDict({METRICS: MetricRecord(numbers)})
