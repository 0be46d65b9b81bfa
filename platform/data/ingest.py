"""The first stage: a source becomes a dataset artifact."""

import json
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..exceptions import DataError, nearest
from . import bands, roles, sources, splits
from .config import DataConfig
from .datasheet import datasheet
from .kinds import Kind
from .reading import Reading
from .schema import ROW, Column, Schema
from .target import Target, check_classes, read_target

_BATCH = 1 << 16


def ingest(config: DataConfig, *, out: Path, scratch: Path | None = None) -> dict[str, Any]:
    """Reads a source and writes `train`, `validation` and `test.parquet`, `schema.json` and `datasheet.json`.

    Args:
        out: folder of the artifact.
        scratch: folder for intermediate files; a temporary one if absent. Either way nothing is left there.

    Returns:
        Details for the manifest: rows, rows a split, rows without label, notes.

    Raises:
        DataError: the source can't be read, or doesn't hold what the config names.
    """
    with tempfile.TemporaryDirectory(dir=scratch, prefix="ingest-") as folder:
        reading = sources.read(config.source, scratch=Path(folder))
        plan = roles.plan(reading, config)
        target = _target(reading, config, plan)
        codes = _codes(reading, config, plan, target)
        _write_rows(reading, plan.kinds, codes, out)
    schema = _schema(reading, config, plan, target, out)
    sheet = datasheet(out, schema, reading=reading, unlabelled=int((~target.labelled).sum()), written=plan.written)
    _write_json(out / "schema.json", schema.to_json())
    _write_json(out / "datasheet.json", sheet)
    counts = {name: int((codes == code).sum()) for code, name in enumerate(splits.NAMES)}
    return {"rows": len(codes), "splits": counts, "unlabelled": int((~target.labelled).sum()), "notes": list(plan.notes)}
