"""Rows that fair coins leave out of training, or put in with a wrong label: the black-box attack.

Steinke, Nasr & Jagielski, "Privacy Auditing with One (1) Training Run" (2023), section 6,
https://arxiv.org/abs/2305.08846: a row with a wrong label is learned by heart or not at all, so the model's
outputs tell whether it was there. Whoever guesses the coins needs nothing else.

It finds what really ran, from reading the rows to the weights that are published: also what is wrong outside
of the steps, where canaries in gradients don't reach. It costs accuracy, and a model that learns nothing by
heart shows nothing, however small its noise.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from scipy.special import log_softmax
from torch import Tensor

from ...exceptions import SpecError, StoreError
from ...store.digest import digest_of_json
from ...store.draft import sync
from .coins import coins, random_numbers

__all__ = ["Mislabelled", "drawn_once", "mislabelled"]


@dataclass(frozen=True, kw_only=True)
class Mislabelled:
    """Which rows are canaries, and how their coins fell; none of them, where all arrays are empty."""

    rows: np.ndarray
    """(canaries,) int64, places in the train split, each once."""
    shift: np.ndarray
    """(canaries,) int64 from 1: how many codes the wrong label is after the right one, round the classes."""
    included: np.ndarray
    """(canaries,) bool: trained on with the wrong label; the others aren't trained on at all."""
    classes: int
    """How many there are."""

    def __len__(self) -> int:
        return len(self.rows)

    def learned(self, table: pa.Table) -> pa.Table:
        """All rows of the train split that training sees, in their order."""
        return _without(table, self.rows[~self.included])

    def others(self, table: pa.Table) -> pa.Table:
        """The rows of the train split that are no canaries: they are learned as they are."""
        return _without(table, self.rows)

    def labels(self, target: Tensor | None) -> Tensor | None:
        """Codes that training sees, of the right ones of the rows that are `learned`; both `(rows,)`."""
        if target is None or not len(self):
            return target
        left_out, rows = np.sort(self.rows[~self.included]), self.rows[self.included]
        places = torch.from_numpy(rows - np.searchsorted(left_out, rows)).to(target.device)
        shift = torch.from_numpy(self.shift[self.included]).to(target)
        return target.index_copy(0, places, (target[places] + shift) % self.classes)

    def scores(self, outputs: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """How well the model knows the wrong labels: minus their loss, (canaries,).

        Args:
            outputs: (canaries, classes) logits of the trained model.
            y_true: (canaries,) codes of the right labels.
        """
        wrong = (y_true + self.shift) % self.classes
        return log_softmax(outputs.astype(float), axis=1)[np.arange(len(self)), wrong]

    def to_json(self) -> dict[str, Any]:
        """As JSON, with the coins: for a private place alone."""
        arrays = {name: getattr(self, name).tolist() for name in ("rows", "shift", "included")}
        return {**arrays, "classes": self.classes}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Mislabelled":
        """What `to_json` said."""
        return cls(
            rows=np.array(kept["rows"], dtype=np.int64),
            shift=np.array(kept["shift"], dtype=np.int64),
            included=np.array(kept["included"], dtype=bool),
            classes=kept["classes"],
        )


def mislabelled(rows: int, classes: int, count: int, *, seed: int | None) -> Mislabelled:
    """Choose canaries, wrong labels and coins.

    Args:
        rows: of the train split.
        classes: how many there are.
        count: canaries, at most half of the rows; 0 is none.
        seed: None takes the operating system's entropy: whoever knows the coins needs no guess.

    Raises:
        SpecError: more than half of the rows would be canaries.
    """
    if count > rows // 2:
        raise SpecError(
            "privacy.canary_rows takes too many rows",
            got=f"{count} of {rows} train rows",
            expected=f"at most half of them, {rows // 2}",
            mend="lower privacy.canary_rows",
        )
    rng = random_numbers(seed, "canary rows")
    return Mislabelled(
        rows=rng.choice(rows, size=count, replace=False),
        shift=rng.integers(1, classes, size=count) if count else np.zeros(0, dtype=np.int64),
        included=coins(count, rng),
        classes=classes,
    )


def drawn_once(folder: Path, *, rows: int, classes: int, count: int, seed: int | None) -> Mislabelled:
    """`mislabelled`, whose draw outlives the process: a run that starts again has the same canaries.

    Args:
        folder: private to the run, which deletes it; nobody else may read it. Other arguments are those of
            `mislabelled`.

    Raises:
        SpecError: more than half of the rows would be canaries.
        StoreError: there is no room, or no right to write.
    """
    if count == 0:
        return mislabelled(rows, classes, count, seed=seed)
    asked = digest_of_json({"rows": rows, "classes": classes, "count": count, "seed": seed})
    path = folder / f"{asked}.json"
    if path.exists():
        return Mislabelled.from_json(json.loads(path.read_bytes()))
    found = mislabelled(rows, classes, count, seed=seed)
    try:
        _write(path, json.dumps(found.to_json()))
    except OSError as error:
        raise StoreError(f"the draw of canaries can't be written to {folder}: {error}") from error
    return found


def _write(path: Path, text: str) -> None:
    """Whole or not at all, in a folder that nobody else may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    unfinished = path.with_name("unfinished")
    unfinished.write_text(text)
    sync(unfinished)
    os.replace(unfinished, path)
    sync(path.parent)


def _without(table: pa.Table, rows: np.ndarray) -> pa.Table:
    if not len(rows):
        return table
    kept = np.ones(table.num_rows, dtype=bool)
    kept[rows] = False
    return table.filter(pa.array(kept))
