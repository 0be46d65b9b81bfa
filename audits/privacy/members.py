"""Evidence of membership attacks: what the model says of rows that it was trained on, and of others."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...platform.exceptions import DataError
from .lira import ShadowConfidences

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["NO_SHADOWS", "MemberEvidence"]

_METADATA = b"assay"
_OUTPUT, _SENSITIVE, _CONFIDENCE, _INCLUDED = "output_", "sensitive_", "confidence_", "included_"

NO_SHADOWS = "no shadow models were trained"


@dataclass(frozen=True, kw_only=True)
class MemberEvidence:
    """What is kept of rows that were trained on, and of others, drawn alike."""

    outputs: np.ndarray
    """(n, classes) logits of the attacked model, or (n,) values of a regression."""
    y_true: np.ndarray
    """(n,) codes of classes, or values in the same unit."""
    member: np.ndarray
    """(n,) bool: the rows that were trained on."""
    sensitive: Mapping[str, np.ndarray] = field(default_factory=dict)
    """(n,) values of each sensitive column."""
    shadows: ShadowConfidences | str = NO_SHADOWS
    """Of the same rows, or why there are none."""

    def to_parquet(self, path: Path) -> None:
        """Write a row a row; what shadow models say of it in columns of their own."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {"y_true": pa.array(self.y_true), "member": pa.array(self.member)}
        outputs = self.outputs[:, None] if self.outputs.ndim == 1 else self.outputs
        columns |= _numbered(_OUTPUT, outputs.T)
        # Numbered, so that a sensitive column named "member" can't take another's place.
        for i, values in enumerate(self.sensitive.values()):
            columns[f"{_SENSITIVE}{i}"] = pa.array(values, from_pandas=True).dictionary_encode()
        if not isinstance(self.shadows, str):
            columns |= _numbered(_CONFIDENCE, self.shadows.confidence)
            columns |= _numbered(_INCLUDED, self.shadows.included)
        facts = {
            "values": self.outputs.ndim == 1,
            "sensitive": list(self.sensitive),
            "without_shadows": self.shadows if isinstance(self.shadows, str) else None,
        }
        table = pa.table(columns).replace_schema_metadata({_METADATA: json.dumps(facts).encode()})
        pq.write_table(table, path, compression="zstd")

    @classmethod
    def from_parquet(cls, path: Path) -> "MemberEvidence":
        """Read what `to_parquet` wrote.

        Raises:
            DataError: the file isn't one that Assay wrote.
        """
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path)
            facts = json.loads((table.schema.metadata or {})[_METADATA])
            outputs = _stacked(table, _OUTPUT)
            return cls(
                outputs=outputs[0] if facts["values"] else np.ascontiguousarray(outputs.T),
                y_true=table["y_true"].to_numpy(),
                member=table["member"].to_numpy(),
                sensitive={
                    name: np.array(table[f"{_SENSITIVE}{i}"].to_pylist(), dtype=object)
                    for i, name in enumerate(facts["sensitive"])
                },
                shadows=facts["without_shadows"] or _shadows(table),
            )
        except (OSError, ValueError, KeyError) as error:  # pyarrow's own errors are among them
            raise DataError(
                "members can't be read",
                got=f"{path.name}: {error}",
                expected="a parquet file that an audit wrote",
            ) from error


def _shadows(table: "pa.Table") -> ShadowConfidences:
    return ShadowConfidences(confidence=_stacked(table, _CONFIDENCE), included=_stacked(table, _INCLUDED))


def _numbered(prefix: str, rows: np.ndarray) -> dict[str, "pa.Array"]:
    import pyarrow as pa

    return {f"{prefix}{i}": pa.array(np.ascontiguousarray(row)) for i, row in enumerate(rows)}


def _stacked(table: "pa.Table", prefix: str) -> np.ndarray:
    """What `_numbered` was given."""
    count = sum(name.startswith(prefix) for name in table.column_names)
    return np.stack([table[f"{prefix}{i}"].to_numpy() for i in range(count)])
