"""A torch module that lives in this process: `assay.audit(module, spec=..., inputs=...)`.

A module is a program; what of it can be kept safely is its weights. So the artifact holds these, and the
source of the function that makes its inputs: a version can be verified and gated later from its evidence, and
asked again only where the same module is at hand.
"""

import hashlib
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import safetensors.torch
import torch
from torch import Tensor, nn

from ...data.schema import Schema
from ...exceptions import ModelError
from .classes import softmax

__all__ = ["Inputs", "lend", "load", "save"]

Inputs = Callable[[pa.Table], Tensor | tuple[Tensor, ...]]
"""Rows of the data to what the module is called with."""

_BATCH = 1024
_WEIGHTS = "weights.safetensors"
_FACTS = "module.json"


@dataclass(frozen=True)
class _Lent:
    """A module, what makes its inputs, and what its outputs are."""

    module: nn.Module
    inputs: Inputs
    columns: tuple[str, ...]


_LENT: dict[str, _Lent] = {}


def lend(module: nn.Module, inputs: Inputs, columns: tuple[str, ...] = ()) -> str:
    """Make a module known to this process.

    Args:
        module: gives logits `(rows, classes)`, the classes in the order of the data's schema (sorted, but the
            positive one last), or values `(rows,)`.
        inputs: rows of the data to its inputs.
        columns: columns that `inputs` reads; without them, the features.

    Returns:
        What it is called from now on: a digest of its weights, its class and the source of `inputs`.
    """
    total = hashlib.sha256(_weights(module))
    total.update(json.dumps(_facts(module, inputs, columns), sort_keys=True).encode())
    _LENT[total.hexdigest()] = _Lent(module.eval(), inputs, columns)
    return total.hexdigest()


def save(digest: str, folder: Path) -> tuple[str, ...]:
    """Write weights and facts of a lent module; names of the files."""
    lent = _lent(digest)
    (folder / _WEIGHTS).write_bytes(_weights(lent.module))
    facts = _facts(lent.module, lent.inputs, lent.columns) | {"digest": digest}
    (folder / _FACTS).write_text(json.dumps(facts, sort_keys=True, indent=1) + "\n", encoding="utf-8")
    return _WEIGHTS, _FACTS


def load(path: Path, schema: Schema, *, logits: bool) -> "_Module":
    """The lent module that an artifact is of; its outputs are logits in any case.

    Raises:
        ModelError: it isn't lent to this process.
    """
    return _Module(_lent(json.loads((path / _FACTS).read_bytes())["digest"]), schema)


@dataclass(frozen=True)
class _Module:
    """A lent module beside the schema of what it is asked on."""

    lent: _Lent
    schema: Schema

    @property
    def name(self) -> str:
        return f"torch {type(self.lent.module).__name__}"

    @property
    def columns(self) -> tuple[str, ...]:
        return self.lent.columns or tuple(column.name for column in self.schema.features)

    @property
    def probabilities(self) -> bool:
        return self.schema.task != "regression"

    def scores(self, table: pa.Table) -> np.ndarray:
        parts = []
        with torch.inference_mode():
            for start in range(0, max(table.num_rows, 1), _BATCH):
                inputs = self.lent.inputs(table.slice(start, _BATCH))
                found = self.lent.module(*(inputs if isinstance(inputs, tuple) else (inputs,)))
                parts.append(found.float().cpu().numpy())
        outputs = np.concatenate(parts)
        if self.schema.task == "regression":
            return outputs.reshape(table.num_rows)
        # Logits stand in the order of the schema: there are no names that could say otherwise.
        return softmax(outputs.reshape(table.num_rows, -1))

    def decisions(self, table: pa.Table) -> np.ndarray | None:
        """None: the likeliest class."""
        return None


def _lent(digest: str) -> _Lent:
    if digest not in _LENT:
        raise ModelError(
            "the module isn't known to this process",
            got=digest[:12],
            expected="the module that was audited",
            mend="assay.audit(module, spec=..., inputs=...); verify, gate and report need no module",
        )
    return _LENT[digest]


def _weights(module: nn.Module) -> bytes:
    state = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in module.state_dict().items()}
    return safetensors.torch.save(state)


def _facts(module: nn.Module, inputs: Inputs, columns: tuple[str, ...]) -> dict[str, Any]:
    try:
        source = inspect.getsource(inputs)
    except (OSError, TypeError):  # typed at a prompt: its code is all that is known
        code = getattr(inputs, "__code__", None)
        source = f"{code.co_code.hex()} {code.co_consts!r}" if code else repr(type(inputs))
    return {"class": type(module).__qualname__, "columns": list(columns), "inputs": source}
