"""CSV files, read strictly: every column as text, a fault named by its line instead of guessed around.

pandas, which `datasets` uses for CSV, pads short rows and renames duplicate columns in silence. This builder
streams blocks from pyarrow's CSV reader instead: bounded memory, and four times as fast on a million rows.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.csv as pacsv

from ..exceptions import DataError
from .compute import pc
from .schema import ROW

CELL_LIMIT = 1 << 20
"""Bytes that one cell may have; a longer one is nearly always a missing quote."""

_BLOCK = 4 * CELL_LIMIT
_DELIMITERS = ",;\t|"


class StrictCsv(datasets.ArrowBasedBuilder):
    """One CSV file as a `datasets` builder whose features are all strings.

    Args:
        file: plain or compressed (by suffix).
        names: column names, for a file without header.
        skip: lines before the header or the first row.
    """

    def __init__(self, *, file: Path, names: tuple[str, ...] = (), skip: int = 0, cache_dir: str):
        self.file, self.skip, self.has_header = file, skip, not names
        self.delimiter, self.names = (",", names) if names else read_header(file)
        self.bad_rows: list[pacsv.InvalidRow] = []
        super().__init__(cache_dir=cache_dir, hash="strict")

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(
            features=datasets.Features({n: datasets.Value("string") for n in self.names})
        )

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        return [datasets.SplitGenerator(name="train")]  # type: ignore[arg-type]

    def _generate_shards(self) -> Iterator[str]:
        yield str(self.file)

    def _generate_tables(self) -> Iterator[tuple[tuple[int, int], pa.Table]]:
        with pa.input_stream(str(self.file), compression="detect") as stream:
            for number, batch in enumerate(self._open(stream)):
                if self.bad_rows:
                    raise ragged(self.file, self.bad_rows[0], self.names)
                table = pa.Table.from_batches([batch])
                check_cells(self.file, table)
                yield (0, number), table
        if self.bad_rows:
            raise ragged(self.file, self.bad_rows[0], self.names)

    def _open(self, stream: Any) -> pacsv.CSVStreamingReader:
        return pacsv.open_csv(
            stream,
            # One thread, so that the reader knows the line number of a fault.
            pacsv.ReadOptions(
                block_size=_BLOCK,
                use_threads=False,
                column_names=None if self.has_header else list(self.names),
                skip_rows=self.skip,
            ),
            pacsv.ParseOptions(
                delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=self._note_bad_row
            ),
            pacsv.ConvertOptions(
                column_types={name: pa.string() for name in self.names}, strings_can_be_null=False
            ),
        )

    def _note_bad_row(self, row: pacsv.InvalidRow) -> str:
        self.bad_rows.append(row)
        return "skip"


def read_header(file: Path) -> tuple[str, tuple[str, ...]]:
    """Delimiter and column names of a CSV file's first row.

    Raises:
        DataError: the bytes aren't UTF-8 text, names are missing or given twice.
    """
    with pa.input_stream(str(file), compression="detect") as stream:
        head = codecs.getincrementaldecoder("utf-8-sig")().decode(_text_bytes(file, stream.read(_BLOCK)))
    first = head.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    names = next(csv.reader(io.StringIO(head), delimiter=delimiter), [])
    check_names(file, names)
    return delimiter, tuple(names)


def check_names(file: Path, names: list[str]) -> None:
    """DataError if column names are empty, reserved or given twice."""
    doubled = sorted({name for name in names if names.count(name) > 1})
    empty = [str(position) for position, name in enumerate(names, 1) if not name.strip()]
    fault = (
        f"column {doubled[0]!r} {names.count(doubled[0])} times"
        if doubled
        else f"no name for column {', '.join(empty)}"
        if empty
        else f"a column named {ROW!r}"
        if ROW in names
        else ""
    )
    if fault or not names:
        raise DataError(
            f"the columns of {file} can't be told apart",
            got=fault or "no columns",
            expected=f"a header whose names differ, none of them {ROW!r} (Assay numbers rows with it)",
            mend="rename the columns",
        )


def _text_bytes(file: Path, block: bytes) -> bytes:
    """The block, if it is text in UTF-8."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(block)
    except UnicodeDecodeError as error:
        raise not_utf8(file, f"byte {block[error.start]:#04x} at position {error.start}") from None
    if b"\0" in block:
        raise DataError(
            f"{file} is not text",
            got="a NUL byte",
            expected="a CSV file in UTF-8",
            mend="export the file again as CSV in UTF-8",
        )
    return block


def not_utf8(file: Path, got: str) -> DataError:
    """The error for bytes that aren't UTF-8."""
    return DataError(
        f"{file} is not UTF-8 text",
        got=got,
        expected="a CSV file in UTF-8",
        mend=f"convert it: iconv -f LATIN1 -t UTF-8 {file.name} > utf8.csv",
    )


def check_cells(file: Path, table: pa.Table) -> None:
    """DataError if a cell is longer than `CELL_LIMIT` or holds a NUL."""
    for name, column in zip(table.column_names, table.columns, strict=True):
        longest = pc.max(pc.binary_length(column)).as_py() or 0
        if longest > CELL_LIMIT:
            raise too_long(file, f"{longest:,} bytes in column {name!r}")
        if pc.any(pc.match_substring(column, "\0")).as_py():
            raise DataError(
                f"{file} is not text",
                got=f"a NUL byte in column {name!r}",
                expected="a CSV file in UTF-8",
                mend="export the file again as CSV in UTF-8",
            )


def too_long(file: Path, got: str) -> DataError:
    """The error for a cell beyond the limit."""
    return DataError(
        f"a cell of {file} is too long",
        got=got,
        expected=f"at most {CELL_LIMIT:,} bytes a cell",
        mend="look for a quote that is never closed, or leave that column out",
    )


def ragged(file: Path, row: pacsv.InvalidRow, names: tuple[str, ...]) -> DataError:
    """The error for a row with another number of fields than the header."""
    text = row.text if len(row.text) <= 80 else row.text[:77] + "..."
    return DataError(
        f"{file} has a row of another width than its header",
        got=f"{row.actual_columns} fields in row {row.number}: {text!r}",
        expected=f"{len(names)} fields",
        mend="quote fields that hold the delimiter or a line break, and close every quote",
    )
