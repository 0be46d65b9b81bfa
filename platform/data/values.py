"""Cells: text as written in a file to numbers, dates and categories, a whole column at once."""

import pyarrow as pa

from ..exceptions import DataError
from .compute import pc

MISSING = (
    *("", "?", "#N/A", "#N/A N/A", "#NA", "<NA>", "N/A", "NA", "n/a", "NULL", "null", "None"),
    *("NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
)
"""Spellings of a missing value, surrounding spaces cut off: those of pandas, and the `?` of UCI files."""

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(?i:inf|infinity)$"
DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y%m%d",
    "%d-%m-%Y",
    "%d %b %Y",
    "%b %d, %Y",
)
"""Tried in this order after ISO 8601; the first that reads every value of the column is taken."""

_SHOWN = 3


def is_text(type_: pa.DataType) -> bool:
    """Whether cells of this type are text (perhaps dictionary-encoded)."""
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type  # type: ignore[attr-defined]
    return pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_null(type_)


def is_number(type_: pa.DataType) -> bool:
    """Whether cells of this type are numbers."""
    return pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_)


def is_date(type_: pa.DataType) -> bool:
    """Whether cells of this type are points in time."""
    return pa.types.is_timestamp(type_) or pa.types.is_date(type_)


def tidy(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text without surrounding spaces, null where it spells a missing value. Other types pass."""
    if not is_text(column.type):
        return column
    trimmed = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.is_in(trimmed, value_set=pa.array(MISSING)), pa.scalar(None, pa.string()), trimmed)


def numbers(column: pa.ChunkedArray, name: str, *, rows: pa.ChunkedArray | None = None) -> pa.ChunkedArray:
    """The column as float64; null where missing or infinite.

    Args:
        rows: positions in the source, to name the rows of a fault.

    Raises:
        DataError: a value is no number; names rows and values.
    """
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    column = tidy(column)
    try:
        values = pc.cast(column, pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise _not(column, name, rows, pc.match_substring_regex(_text(column), NUMBER), "numbers") from None
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))


def dates(
    column: pa.ChunkedArray, name: str, format_: str | None = None, *, rows: pa.ChunkedArray | None = None
) -> pa.ChunkedArray:
    """The column as timestamps in microseconds, without time zone (UTC where one was given).

    Raises:
        DataError: a value is no date in that format; names rows and values.
    """
    column = tidy(column)
    if is_date(column.type):
        return _naive(column)
    parsed = parse_dates(_text(column), format_)
    ok = pc.equal(pc.is_null(column), pc.is_null(parsed))
    if not pc.all(ok).as_py():
        raise _not(column, name, rows, ok, f"dates ({format_ or 'ISO 8601'})")
    return parsed


def parse_dates(column: pa.ChunkedArray, format_: str | None) -> pa.ChunkedArray:
    """Text to timestamps; null where a cell isn't a date in that format."""
    if format_ is not None:
        return pc.strptime(column, format=format_, unit="us", error_is_null=True)
    for zone in (None, "UTC"):
        try:
            return _naive(pc.cast(column, pa.timestamp("us", zone)))
        except pa.ArrowInvalid:
            continue
    return pa.chunked_array([pa.nulls(len(column), pa.timestamp("us"))])


def categories(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column as text; whole numbers without a decimal point."""
    if pa.types.is_floating(column.type):
        whole = pc.all(pc.equal(pc.floor(column), column)).as_py()
        column = pc.cast(column, pa.int64(), safe=False) if whole else column
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return pa.chunked_array([pa.nulls(len(column), pa.string())])
    return tidy(_text(column))


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column if column.type == pa.string() else column.cast(pa.string())


def _naive(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(pc.cast(column, pa.timestamp("us", getattr(column.type, "tz", None))), pa.timestamp("us"))


def _not(
    column: pa.ChunkedArray, name: str, rows: pa.ChunkedArray | None, ok: pa.ChunkedArray, what: str
) -> DataError:
    """The error that names the first rows and values which can't be read as `what`."""
    wrong = pc.indices_nonzero(pc.invert(pc.fill_null(ok, True)))
    first = wrong[:_SHOWN]
    positions = (rows.take(first) if rows is not None else first).to_pylist()
    shown = ", ".join(
        f"{value!r} in row {row}"
        for row, value in zip(positions, column.take(first).to_pylist(), strict=True)
    )
    return DataError(
        f"column {name!r} holds values that are no {what}",
        got=f"{len(wrong)} such values: {shown}",
        expected=f"{what}, or a missing value",
        mend=f"correct those rows, or declare the column's kind: data.columns: {{{name}: categorical}}",
    )
