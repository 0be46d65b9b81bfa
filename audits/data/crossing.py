"""Persons across splits: a key that repeats, and whose values stand in test rows and in train rows."""

import re
from typing import Any

import numpy as np
import pyarrow.compute as pc

from ...platform.data.values import categories
from .rows import Rows

__all__ = ["crossing"]

_NAME = re.compile(
    r"(^|[\s_\-.])(id|ids|uuid|guid|key|ssn|email|e-mail|phone|account|name)$|"
    r"(person|people|patient|customer|client|user|member|subject|student|employee|household|family)",
    re.IGNORECASE,
)
_DISTINCT = 0.1  # different values per row from which a column may be a key of persons with several rows


def crossing(rows: Rows) -> list[dict[str, Any]]:
    """Columns that look like keys of persons, and the test rows whose key also stands outside of test.

    A key is a text or identifier column, or one of whatever kind whose name says so, with at least one
    different value for ten rows and values that repeat. Persons without a key, or with another key in each
    row, are not seen; two persons who share a key count as one.

    Returns:
        For each key, the worst first: `column`, `values`, `rows` (test rows that cross), their `share`.
    """
    test = rows.split == "test"
    found = []
    for column in rows.schema.columns:
        if column.kind == "image" or column.role in ("target", "weight"):
            continue
        if column.kind not in ("text", "identifier") and not _NAME.search(column.name.strip()):
            continue
        values = categories(rows.together[column.name])
        known = ~values.is_null().to_numpy()
        encoded = values.combine_chunks().dictionary_encode()
        codes = pc.fill_null(encoded.indices, -1).to_numpy()  # type: ignore[attr-defined]
        distinct = len(encoded.dictionary)  # type: ignore[attr-defined]
        if not known.any() or distinct == known.sum() or distinct < _DISTINCT * known.sum():
            continue
        cross = int((test & known & np.isin(codes, codes[~test & known])).sum())
        found.append(
            {"column": column.name, "values": distinct, "rows": cross, "share": cross / int(test.sum())}
        )
    return sorted(found, key=lambda one: -one["rows"])
