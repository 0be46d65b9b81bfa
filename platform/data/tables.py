"""CSV, Parquet and JSON files as memory-mapped Arrow tables, through Hugging Face `datasets`."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..exceptions import DataError
from .reading import Reading
from .sources import existing_file


def quiet_datasets() -> ModuleType:
    """`datasets` without progress bars and download counter: the latter connects even for a local file."""
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    config: Any = datasets.config  # type: ignore[attr-defined]
    config.HF_UPDATE_DOWNLOAD_COUNTS = False
    return datasets


def read_csv(rest: str, scratch: Path) -> Reading:
    """Reads a CSV file with a header."""
    return Reading(table=csv_table(existing_file(rest), scratch))


def csv_table(file: Path, scratch: Path, *, names: tuple[str, ...] = (), skip: int = 0) -> pa.Table:
    """All columns of a CSV file as text.

    Args:
        names: column names, for a file without header.
        skip: lines to leave out before the first row.
    """
    datasets = quiet_datasets()
    from .strict_csv import StrictCsv, not_utf8, too_long

    cache = scratch / f"csv-{file.name}"
    try:
        builder = StrictCsv(file=file, names=names, skip=skip, cache_dir=str(cache))
        builder.download_and_prepare()
    except (OSError, pa.ArrowInvalid, datasets.exceptions.DatasetGenerationError) as error:
        cause = error.__cause__ or error
        if isinstance(cause, DataError):
            raise cause from None
        if "straddles" in str(cause):
            raise too_long(file, "a row that doesn't fit 4 MiB") from None
        if "UTF8" in str(cause):
            raise not_utf8(file, str(cause)) from None
        raise unreadable(file, "a CSV file with a header", cause) from None
    if not builder.info.splits or not builder.info.splits["train"].num_examples:
        raise no_rows(file)
    return builder.as_dataset(split="train").data.table  # type: ignore[union-attr]


def read_parquet(rest: str, scratch: Path) -> Reading:
    """Reads a Parquet file."""
    file = existing_file(rest)
    try:
        with pq.ParquetFile(file) as parquet:
            names, rows = parquet.schema_arrow.names, parquet.metadata.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise unreadable(file, "a Parquet file", error) from None
    _check_names(file, names)
    if not rows:
        raise no_rows(file)
    return Reading(table=_load("parquet", file, scratch))


def read_json(rest: str, scratch: Path) -> Reading:
    """Reads a JSON file: an array of records, or one record a line."""
    file = existing_file(rest)
    with file.open("rb") as stream:
        head = stream.read(1 << 16).removeprefix(b"\xef\xbb\xbf").split()
    start = b"".join(head)[:2]
    if start == b"[]":
        raise no_rows(file)
    if start[:1] != b"{" and start != b"[{":
        raise unreadable(
            file,
            "records: [{...}, ...] or one {...} a line",
            f"it begins with {start.decode(errors='replace')!r}",
        )
    table = _load("json", file, scratch)
    if table.num_rows == 1 and any(pa.types.is_nested(field.type) for field in table.schema):
        raise unreadable(file, "records: [{...}, ...] or one {...} a line", "one object that holds lists")
    _check_names(file, table.column_names)
    return Reading(table=table)


def _load(kind: str, file: Path, scratch: Path) -> pa.Table:
    """One file through one of the packaged builders of `datasets`."""
    datasets = quiet_datasets()
    # `datasets` takes a path for a glob pattern: link the file to a name without special characters.
    link = scratch / f"source.{kind}"
    link.unlink(missing_ok=True)
    link.symlink_to(file.resolve())
    kwargs: dict[str, Any] = {"cache_dir": str(scratch / kind), "split": "train"}
    try:
        return datasets.load_dataset(kind, data_files={"train": str(link)}, **kwargs).data.table
    except (
        datasets.exceptions.DatasetsError,
        pa.ArrowException,
        ValueError,
        OSError,
        json.JSONDecodeError,
    ) as error:
        raise unreadable(file, f"a {kind} file of records", error.__cause__ or error) from None


def _check_names(file: Path, names: list[str]) -> None:
    from .strict_csv import check_names

    check_names(file, names)


def unreadable(file: Path, expected: str, reason: object) -> DataError:
    """The error for a file that isn't what its scheme says."""
    text = str(reason).replace(str(file), file.name).split("\n", 1)[0]
    return DataError(
        f"{file} can't be read",
        got=text if len(text) <= 200 else text[:197] + "...",
        expected=expected,
        mend="check the file, and the scheme before the colon",
    )


def no_rows(file: Path) -> DataError:
    """The error for a file that has columns at most."""
    return DataError(
        f"{file} has no rows",
        got="a header only",
        expected="a file with rows",
        mend="export the file again, with its rows",
    )
