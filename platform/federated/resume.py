"""A federated training that was killed goes on after its last round that was written down.

Written down is what the next round depends on: the global weights, what the strategy remembers, what clients
of this process remember, and what came of the rounds so far. Everything that is drawn is a function of
(seed, client, round), so the weights end bitwise as they would have.
"""

import dataclasses
import json
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from flwr.app import ArrayRecord, ConfigRecord, Context
from flwr.serverapp.strategy import FedAvg
from torch import Tensor

from ..training.checkpoints import Checkpoint, Checkpoints
from .census import Census
from .course import Result, Standing
from .job import Job
from .messages import arrays_of, tensors_of

__all__ = ["REMEMBERED", "RoundCheckpoints", "identity", "may_resume"]

#: A round is written down when this many times as long has passed as writing the last one took: it costs 1%
#: of the time at most. The first is guessed to take 20 ms.
_WORTH, _FIRST_WRITE = 100, 0.02


@dataclasses.dataclass(frozen=True)
class _Form:
    """How something that a strategy remembers becomes tensors by name, and comes back."""

    pack: Callable[[Any], Mapping[str, Tensor]]
    unpack: Callable[[Mapping[str, Tensor]], Any]


_ARRAYS = _Form(
    lambda held: {name: torch.as_tensor(np.asarray(part)) for name, part in held.items()},
    lambda found: {name: part.numpy() for name, part in found.items()},
)
_LISTED = _Form(
    lambda held: {f"{place:06d}": torch.as_tensor(np.asarray(part)) for place, part in enumerate(held)},
    lambda found: [found[place].numpy() for place in sorted(found)],
)
_RECORD = _Form(tensors_of, arrays_of)
_TENSORS = _Form(dict, dict)
_COUNTS = _Form(lambda held: {"": torch.tensor(held)}, lambda found: found[""].tolist())

_MOMENTS = {"m_t": _ARRAYS, "v_t": _ARRAYS}

#: By strategy, the attributes that it keeps from round to round; those that aren't named keep none.
REMEMBERED: Mapping[str, Mapping[str, _Form]] = {
    "fedavgm": {"momentum_vector": _LISTED, "current_arrays": _RECORD},
    "fedadagrad": _MOMENTS,
    "fedadam": _MOMENTS,
    "fedyogi": _MOMENTS,
    "scaffold": {"control": _TENSORS, "counted": _COUNTS},
}


class RoundCheckpoints:
    """Rounds of one training, written to a folder that outlives the process.

    Args:
        folder: where they lie.
        run: what the training is: those of another are left out of sight.
        name: of the strategy.
        strategy: joins the answers, and may remember something.
        contexts: what each client of this process remembers, by node.
    """

    def __init__(
        self, folder: Path, *, run: str, name: str, strategy: FedAvg, contexts: Mapping[int, Context]
    ):
        self.files = Checkpoints(folder, run=run)
        self.forms, self.strategy, self.contexts = REMEMBERED.get(name, {}), strategy, contexts
        self.written, self.took = time.monotonic(), _FIRST_WRITE

    def recall(self) -> Standing | None:
        """Put strategy and clients where the last round left them, and tell where the training stands."""
        found = self.files.newest()
        if found is None:
            return None
        parts = _branches(found.tensors)
        for attribute, form in self.forms.items():
            if held := parts.get(f"strategy {attribute}"):
                setattr(self.strategy, attribute, form.unpack(held))
        for name, held in parts.items():
            if name.startswith("client "):
                _, node, record = name.split(" ")
                self.contexts[int(node)].state[record] = arrays_of(held)
        for node, records in found.state["clients"].items():
            for record, told in records.items():
                self.contexts[int(node)].state[record] = ConfigRecord(told)
        return _standing(found, parts)

    def keep(self, standing: Standing) -> None:
        """Write a round down, if that is worth its time."""
        begun = time.monotonic()
        if begun - self.written < _WORTH * self.took:
            return
        parts = {"weights": tensors_of(standing.arrays), "best": tensors_of(standing.result.arrays)}
        for attribute, form in self.forms.items():
            if (held := getattr(self.strategy, attribute)) is not None:
                parts[f"strategy {attribute}"] = dict(form.pack(held))
        clients: dict[str, dict[str, dict[str, Any]]] = {}
        for node, context in self.contexts.items():
            for name, record in context.state.items():
                if isinstance(record, ArrayRecord):
                    parts[f"client {node} {name}"] = tensors_of(record)
                else:
                    clients.setdefault(str(node), {})[name] = dict(record)
        tensors = {f"{part}/{name}": tensor for part, held in parts.items() for name, tensor in held.items()}
        state = _told(standing) | {"clients": clients}
        self.files.save(Checkpoint(step=standing.number, tensors=tensors, state=state))
        self.written = time.monotonic()
        self.took = self.written - begun


def may_resume(job: Job) -> bool:
    """Whether a training can go on where it was killed.

    Not under secure aggregation, whose keys die with the process; nor where clients remember something
    outside of this process, which forgets it: SCAFFOLD on Ray.
    """
    told = job.federated
    return told.secure is None and (told.grid == "in_process" or told.strategy != "scaffold")


def identity(job: Job, census: Census, arrays: ArrayRecord) -> str:
    """Digest of what a training is: what is learned, by whom, and from which weights on."""
    sections = [dataclasses.asdict(section) for section in (job.train, job.federated)]
    told = [job.work.to_json(), *sections, sorted(census.rows.items()), torch.get_num_threads()]
    digest = sha256(json.dumps(told, sort_keys=True, default=str).encode())
    for name, array in arrays.items():
        digest.update(name.encode())
        digest.update(array.numpy().tobytes())
    return digest.hexdigest()


def _branches(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Tensors by the part of their name before the first stroke, then by the rest."""
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        part, _, rest = name.partition("/")
        parts.setdefault(part, {})[rest] = tensor
    return parts


def _told(standing: Standing) -> dict[str, Any]:
    """Where a training stands, as JSON can say it, but for the weights."""
    return {
        "best": standing.best,
        "best_round": standing.best_round,
        "result": standing.result.to_json(),
    }


def _standing(found: Checkpoint, parts: Mapping[str, Mapping[str, Tensor]]) -> Standing:
    """Where the training stood."""
    told = found.state
    result = Result.from_json(told["result"], arrays_of(parts["best"]))
    result.resumed_from = found.step
    return Standing(
        number=found.step,
        arrays=arrays_of(parts["weights"]),
        best=told["best"],
        best_round=told["best_round"],
        result=result,
    )
