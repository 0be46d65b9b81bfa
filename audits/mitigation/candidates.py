"""The candidates' predictions: the evidence from which the trade-off is recomputed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..predictions import Predictions

__all__ = ["Candidates"]

_FOLDER = "candidates"
_FACTS = "mitigation.json"
_SPLITS = ("validation", "test")


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Every candidate of one mitigation."""

    facts: Mapping[str, Any]
    """What `mitigation.json` of the model says: method, over, constraint, limit, the candidates' names and
    parameters, and which was chosen."""
    predictions: Mapping[str, Mapping[str, Predictions]]
    """By candidate, then by split: `validation`, whose labels training saw too, and `test`."""

    @property
    def names(self) -> list[str]:
        """In the order in which they were made; the model as it was trained comes first."""
        return [one["name"] for one in self.facts["candidates"]]

    def save(self, folder: Path) -> None:
        """The facts, and two parquet files a candidate."""
        (folder / _FOLDER).mkdir()
        text = json.dumps(self.facts, sort_keys=True, indent=1, allow_nan=False)
        (folder / _FOLDER / _FACTS).write_text(text + "\n", encoding="utf-8")
        for name, splits in self.predictions.items():
            for split, predictions in splits.items():
                predictions.to_parquet(folder / _FOLDER / f"{name}.{split}.parquet")

    @classmethod
    def load(cls, folder: Path) -> "Candidates | None":
        """What `save` wrote; None where nothing was mitigated."""
        if not (folder / _FOLDER).is_dir():
            return None
        facts = json.loads((folder / _FOLDER / _FACTS).read_bytes())
        return cls(
            facts=facts,
            predictions={
                one["name"]: {
                    split: Predictions.from_parquet(folder / _FOLDER / f"{one['name']}.{split}.parquet")
                    for split in _SPLITS
                }
                for one in facts["candidates"]
            },
        )
