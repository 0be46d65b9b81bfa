"""A file as a stream of Arrow tables: some columns, some hundred thousand rows at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from ...platform.data.inspect import source_of
from ...platform.data.schema import resolve
from ...platform.data.values import MISSING
from ...platform.exceptions import DataError

__all__ = ["batches"]

_ROWS = 1 << 18
_BLOCK = 1 << 24


def batches(path: Path, names: Sequence[str]) -> Iterator[pa.Table]:
    """Tables of the named columns, in the file's order; every table has at least one row.

    Raises:
        DataError: the file can't be read, or lacks a column; the nearest one is named.
    """
    scheme = source_of(path).partition(":")[0]
    if not path.is_file() or path.stat().st_size == 0:
        state = "no such file" if not path.exists() else "a folder" if path.is_dir() else "an empty file"
        raise DataError(f"the predictions can't be read: {path}", got=state, expected="a file with rows")
    readers = {"parquet": _parquet, "csv": _csv, "json": _json}
    rows = 0
    try:
        for table in readers[scheme](path, names):
            if table.num_rows:
                rows += table.num_rows
                yield table.select(list(names))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(
            f"the predictions can't be read: {path.name}",
            got=" ".join(str(error).split())[:300],
            expected=f"a {scheme} file",
        ) from None
    if not rows:
        raise DataError("there are no predictions to audit", got="0 rows", expected="at least one row")


def _known(names: Sequence[str], known: Sequence[str]) -> list[str]:
    """The names as they stand in the file, when each is there exactly."""
    twice = sorted({name for name in known if list(known).count(name) > 1} & set(names))
    if twice:
        raise DataError(f"column {twice[0]!r} stands twice in the file", got=", ".join(twice))
    for name in names:
        found = resolve(name, known, what="column")
        if found != name:
            raise DataError(f"there is no column {name!r}", got=repr(name), mend=f"did you mean {found!r}?")
    return list(names)


def _parquet(path: Path, names: Sequence[str]) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        chosen = _known(names, schema.names)
        texts = [name for name in chosen if _is_text(schema.field(name).type)]
    # Text is handed on as the codes that it is stored as.
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        for batch in file.iter_batches(batch_size=_ROWS, columns=chosen, use_threads=True):
            yield pa.Table.from_batches([batch])


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _csv(path: Path, names: Sequence[str]) -> Iterator[pa.Table]:
    reading = pa_csv.ReadOptions(block_size=_BLOCK)
    delimiter = "\t" if ".tsv" in path.suffixes else ","
    parsing = pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    with pa_csv.open_csv(path, reading, parsing, pa_csv.ConvertOptions(check_utf8=False)) as reader:
        chosen = _known(names, reader.schema.names)
    converting = pa_csv.ConvertOptions(
        include_columns=chosen,
        column_types=dict.fromkeys(chosen, pa.string()),
        null_values=list(MISSING),
        strings_can_be_null=True,
    )
    with pa_csv.open_csv(path, reading, parsing, converting) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch])


def _json(path: Path, names: Sequence[str]) -> Iterator[pa.Table]:
    """One record a line as a stream; an array of records has to be read whole."""
    import json

    with path.open("rb") as stream:
        whole = stream.read(1 << 12).lstrip()[:1] == b"["
    if whole:
        records = json.loads(path.read_bytes())
        if not all(isinstance(record, dict) for record in records):
            raise ValueError("the array holds something else than records")
        known = list(dict.fromkeys(name for record in records for name in record))
        chosen = _known(names, known) if records else []
        yield pa.table({name: [record.get(name) for record in records] for name in chosen})
        return
    with path.open("rb") as stream:
        rest: list[bytes] = []
        for line in stream:
            rest.append(line)
            if len(rest) == _ROWS:
                yield _lines(rest, names)
                rest = []
        if rest:
            yield _lines(rest, names)


def _lines(lines: list[bytes], names: Sequence[str]) -> pa.Table:
    from pyarrow import json as pa_json

    table = pa_json.read_json(pa.BufferReader(b"".join(lines)))
    return table.select(_known(names, table.column_names))
