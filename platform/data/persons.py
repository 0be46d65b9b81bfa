"""Whose row each is, where a column says so."""

import numpy as np
import pyarrow as pa

from ..exceptions import DataError

__all__ = ["person_codes"]


def person_codes(table: pa.Table, column: str) -> np.ndarray:
    """Codes `(rows,)` from 0 of the persons that a column names, each in use.

    Raises:
        DataError: the column isn't there, or a row is nobody's, so nobody's contribution would be bounded.
    """
    if column not in table.column_names:
        raise DataError(
            "privacy.unit names a column that the data don't have",
            got=column,
            expected="`record`, or the column that says whose row it is",
            mend=f"one of {', '.join(map(repr, table.column_names[:20]))}",
        )
    values = table[column].combine_chunks()
    nobody = values.is_null(nan_is_null=True).to_numpy(zero_copy_only=False)
    if nobody.any():
        raise DataError(
            "rows that are nobody's can't be trained on with persons as privacy.unit",
            got=f"{int(nobody.sum())} of {len(values)} train rows without {column!r}",
            expected="a value in every row that says whose it is",
            mend=f"fill in {column!r}, or leave those rows out",
        )
    codes = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    return np.unique(codes.indices.to_numpy(zero_copy_only=False), return_inverse=True)[1]
