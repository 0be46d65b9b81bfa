"""What kind of column is this? Read from all its values, explained, and overruled by the spec."""

import re
from dataclasses import dataclass

import pyarrow as pa

from ..exceptions import DataError, nearest
from .compute import pc
from .schema import KINDS
from .values import (
    DATE_FORMATS,
    NUMBER,
    categories,
    dates,
    is_date,
    is_number,
    is_text,
    numbers,
    parse_dates,
    tidy,
)

MOST_CATEGORIES = 1000
"""More different texts than this are no categories."""

_ROWS_A_CATEGORY = 10
_FEW = 20
_WORDS_OF_TEXT = 4
_ID_NAME = re.compile(r"(^|[\s_\-.])(id|uuid|guid|key|index|idx|number|no|nr)$", re.IGNORECASE)
_LEADING_ZERO = r"^0\d+$"
_WHOLE = r"^[+-]?\d{1,18}$"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The kind of a column, the Arrow type its values are kept in, and why."""

    kind: str
    type: pa.DataType
    why: str
    format: str | None = None

    def convert(
        self, column: pa.ChunkedArray, name: str, *, rows: pa.ChunkedArray | None = None
    ) -> pa.ChunkedArray:
        """The values as they are kept in the dataset; DataError names rows that don't fit the kind."""
        if self.kind == "numeric":
            return numbers(column, name, rows=rows).cast(self.type, safe=False)
        if self.kind == "date":
            return dates(column, name, self.format, rows=rows)
        if self.kind == "image" or pa.types.is_nested(self.type):
            return column
        return tidy(column) if is_number(self.type) else categories(column)


def infer(
    name: str, column: pa.ChunkedArray, *, declared: str | None = None, is_target: bool = False
) -> Kind:
    """The kind of a column.

    Args:
        declared: the kind that the spec gives; it is obeyed or, where values forbid it, refused.
        is_target: a target's values may all differ, so it is never taken for an identifier.

    Raises:
        DataError: the declared kind is unknown or doesn't fit the values.
    """
    if declared is not None:
        return _declare(name, column, declared)
    if pa.types.is_boolean(column.type):
        return Kind(kind="categorical", type=pa.string(), why="true or false")
    if is_date(column.type):
        return Kind(kind="date", type=pa.timestamp("us"), why=f"stored as {column.type}")
    if not is_number(column.type) and not is_text(column.type):
        return Kind(
            kind="text", type=column.type, why=f"holds {column.type} values, which no model here reads"
        )
    values = pc.drop_null(tidy(column))
    distinct = pc.unique(values)
    if len(distinct) == 0:
        return Kind(kind="constant", type=pa.string(), why="every value is missing")
    if len(distinct) == 1 and len(values) == len(column):
        return Kind(kind="constant", type=pa.string(), why=f"every value is {str(distinct[0])!r}")
    if is_number(column.type):
        return _infer_numbers(name, distinct, len(values), is_target)
    return _infer_text(name, distinct, len(values), is_target)


def _declare(name: str, column: pa.ChunkedArray, declared: str) -> Kind:
    if declared not in KINDS or declared in ("image", "constant"):
        raise DataError(
            f"column {name!r} is declared as an unknown kind",
            got=declared,
            expected="a kind of column",
            mend=nearest(declared, set(KINDS) - {"image", "constant"}),
        )
    why = "declared in data.columns"
    if declared == "numeric":
        return Kind(kind="numeric", type=_number_type(pc.unique(numbers(column, name))), why=why)
    if declared == "date":
        format_ = None if is_date(column.type) else _date_format(pc.unique(pc.drop_null(tidy(column))))
        found = Kind(kind="date", type=pa.timestamp("us"), why=why, format=format_ or None)
        found.convert(column, name)  # names the rows that are no dates
        return found
    return Kind(kind=declared, type=pa.string(), why=why)


def _infer_numbers(name: str, distinct: pa.Array, count: int, is_target: bool) -> Kind:
    type_ = _number_type(distinct)
    spread = pc.min_max(distinct).as_py()
    why = f"numbers from {spread['min']:g} to {spread['max']:g}, {len(distinct)} of them different"
    if not is_target and type_ == pa.int64() and len(distinct) == count >= _FEW:
        consecutive = spread["max"] - spread["min"] == count - 1
        if consecutive or _ID_NAME.search(name.strip()):
            why = (
                "whole numbers without gap or repetition"
                if consecutive
                else "every number differs, and its name says so"
            )
            return Kind(kind="identifier", type=type_, why=why)
    return Kind(kind="numeric", type=type_, why=why)


def _infer_text(name: str, distinct: pa.Array, count: int, is_target: bool) -> Kind:
    matches = pc.match_substring_regex(distinct, NUMBER)
    if pc.all(matches).as_py() and not pc.any(pc.match_substring_regex(distinct, _LEADING_ZERO)).as_py():
        whole = pc.all(pc.match_substring_regex(distinct, _WHOLE)).as_py()
        return _infer_numbers(
            name, pc.cast(distinct, pa.int64() if whole else pa.float64()), count, is_target
        )
    format_ = _date_format(distinct)
    if format_ is not None:
        shown = format_ or "ISO 8601"
        return Kind(
            kind="date",
            type=pa.timestamp("us"),
            why=f"every value is a date ({shown})",
            format=format_ or None,
        )
    kind, why = _infer_words(distinct, count)
    share = pc.mean(matches.cast(pa.float64())).as_py()
    if share >= 0.5:
        odd = distinct.filter(pc.invert(matches))[:3].to_pylist()
        why += f"; {share:.0%} of the different values are numbers, but not {', '.join(map(repr, odd))}"
    return Kind(kind=kind, type=pa.string(), why=why)


def _infer_words(distinct: pa.Array, count: int) -> tuple[str, str]:
    """Categorical, text or identifier, by how many texts differ and how long they are."""
    why = f"{len(distinct)} different values in {count} rows"
    few = len(distinct) <= _FEW and len(distinct) < count
    if few or (len(distinct) <= MOST_CATEGORIES and count >= _ROWS_A_CATEGORY * len(distinct)):
        return "categorical", why
    words = pc.mean(pc.add(pc.count_substring(distinct, " "), 1)).as_py()
    if len(distinct) == count and words < _WORDS_OF_TEXT:
        return "identifier", f"every value differs ({count})"
    return "text", f"{why}: too many for categories"


def _date_format(distinct: pa.Array) -> str | None:
    """The format in which all texts are dates: "" for ISO 8601, None where there is no such format."""
    if is_number(distinct.type) or len(distinct) == 0:
        return None
    for format_ in ("", *DATE_FORMATS):
        first = parse_dates(distinct[:100], format_ or None)
        if not first.null_count and not parse_dates(distinct, format_ or None).null_count:
            return format_
    return None


def _number_type(distinct: pa.Array) -> pa.DataType:
    if pa.types.is_integer(distinct.type):
        return pa.int64()
    finite = distinct.filter(pc.is_finite(distinct)).cast(pa.float64())
    whole = (
        pc.all(pc.equal(pc.floor(finite), finite)).as_py() and (pc.max(pc.abs(finite)).as_py() or 0) < 2**53
    )
    return pa.int64() if whole else pa.float64()
