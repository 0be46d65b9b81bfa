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

from ..exceptions import DataError
from . import bands, roles, sources, splits
from .compute import pc
from .config import DataConfig
from .datasheet import datasheet
from .kinds import Kind
from .reading import Reading
from .schema import ROW, Column, Schema, resolve
from .target import Target, check_classes, read_target
from .text_config import TextConfig
from .values import categories, numbers

_BATCH = 1 << 16


def ingest(
    config: DataConfig, *, out: Path, scratch: Path | None = None, classes_apart: bool = False
) -> dict[str, Any]:
    """Reads a source and writes `train`, `validation` and `test.parquet`, `schema.json` and `datasheet.json`.

    Args:
        out: folder of the artifact.
        scratch: folder for intermediate files; the system's temporary one if absent. Nothing is left there.
        classes_apart: every class goes to one split, whole, as few-shot learning is judged; splits that a
            source fixes have the same classes, and are not kept.

    Returns:
        Details for the manifest: rows, rows of each split, rows without label, rows whose split was drawn.

    Raises:
        DataError: the source can't be read, or doesn't hold what the config names.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="ingest-") as folder:
        reading = sources.read(config.source, scratch=Path(folder))
        plan = roles.plan(reading, config)
        target = read_target(
            plan.target,
            reading.table[plan.target],
            plan.kinds[plan.target],
            declared=plan.target
            in {resolve(n, reading.table.column_names, what="column") for n in config.columns},
            positive=config.positive or reading.positive,
        )
        roles.check_features(plan, use_sensitive=config.use_sensitive)
        _check_texts(plan, config)
        given = _given(reading, config, plan, target, keep=not classes_apart)
        codes = _deal(reading, config, plan, target, given, classes_apart)
        _check_weights(reading, plan)
        _write_rows(reading.table, plan.kinds, codes, out)
        schema = _schema(reading, config, plan, target, out)
        unlabelled = int((codes == splits.DROPPED).sum())
        sheet = datasheet(out, schema, reading, unlabelled=unlabelled, reference=config.reference)
    _write_json(out / "schema.json", schema.to_json())
    _write_json(out / "datasheet.json", sheet)
    counts = {name: int((codes == code).sum()) for code, name in enumerate(splits.NAMES)}
    fixed = 0 if given is None else int((given != splits.UNSET).sum())
    return {
        "rows": len(codes),
        "splits": counts,
        "unlabelled": unlabelled,
        "dealt": len(codes) - unlabelled - fixed,
    }


def _given(
    reading: Reading, config: DataConfig, plan: roles.Plan, target: Target, *, keep: bool
) -> np.ndarray | None:
    """`(labelled rows,)` splits that the spec or, where they are kept, the source fixes; None fixes none."""
    official = reading.official if keep else None
    if plan.fixed is None:
        return None if official is None else official[target.labelled]
    if official is not None:
        raise DataError(
            "the source fixes its splits itself",
            got=f"data.split.fixed: {plan.fixed}",
            expected="one of them",
            mend="leave out data.split.fixed, or read the rows from a file without official split",
        )
    (listed,) = config.split.fixed.values()
    values = _labels(reading, plan.fixed, target).to_numpy()
    return splits.given(values, listed, plan.fixed)


def _deal(
    reading: Reading,
    config: DataConfig,
    plan: roles.Plan,
    target: Target,
    given: np.ndarray | None,
    classes_apart: bool,
) -> np.ndarray:
    """`(rows,)` split of each row of the source, `DROPPED` where the label is missing."""
    check_classes(plan.target, target)
    codes = np.full(reading.table.num_rows, splits.DROPPED, dtype=np.int8)
    groups = target.codes if classes_apart else None
    if plan.by:
        labels = _labels(reading, plan.by, target)
        groups = pc.index_in(labels, value_set=pc.unique(labels)).to_numpy()
    dealt = splits.deal(target.codes, config.split, official=given, groups=groups)
    if classes_apart:
        splits.check_apart(target.codes, dealt, target.classes)
    else:
        check_classes(plan.target, target, dealt)
    codes[target.labelled] = dealt
    return codes


def _labels(reading: Reading, name: str, target: Target) -> pa.ChunkedArray:
    """`(labelled rows,)` values of a column as text."""
    values = pc.fill_null(categories(reading.table[name]), bands.MISSING)
    return values.filter(pa.array(target.labelled))


def _write_rows(table: pa.Table, kinds: Mapping[str, Kind], codes: np.ndarray, out: Path) -> None:
    """Streams the rows, converted, into one Parquet file a split."""
    fields = [(ROW, pa.int64()), *((name, kind.type) for name, kind in kinds.items())]
    schema = pa.schema(fields)
    with ExitStack() as stack:
        writers = [
            stack.enter_context(pq.ParquetWriter(out / f"{name}.parquet", schema)) for name in splits.NAMES
        ]
        for start in range(0, table.num_rows, _BATCH):
            part = table.slice(start, _BATCH)
            rows = pa.chunked_array([np.arange(start, start + len(part), dtype=np.int64)])
            cells = [
                kind.convert(part[name], name, rows=rows).cast(kind.type) for name, kind in kinds.items()
            ]
            converted = pa.Table.from_arrays([rows, *cells], schema=schema)
            for code, writer in enumerate(writers):
                writer.write_table(converted.filter(codes[start : start + len(part)] == code))


def _schema(reading: Reading, config: DataConfig, plan: roles.Plan, target: Target, out: Path) -> Schema:
    columns = []
    for name, kind in plan.kinds.items():
        role, reason = plan.roles[name]
        why = target.why if role == "target" else kind.why
        columns.append(
            Column(
                name=name,
                kind=kind.kind,
                role=role,
                why=f"{why}; {reason}" if reason else why,
                format=kind.format,
            )
        )
    return Schema(
        modality=plan.modality,
        task=target.task,
        columns=tuple(columns),
        target=plan.target,
        classes=target.classes,
        positive=target.positive,
        sensitive=plan.sensitive,
        use_sensitive=config.use_sensitive,
        bands=_bands(config, plan, out),
        weight=plan.weight,
        image=reading.image,
        text=(config.text or TextConfig()) if plan.modality == "text" else None,
    )


def _bands(config: DataConfig, plan: roles.Plan, out: Path) -> dict[str, tuple[float, ...]]:
    """Edges of the numeric (and, by year, date) sensitive columns: the spec's, or read off the train rows."""
    given = {
        resolve(name, plan.sensitive, what="sensitive column"): cuts for name, cuts in config.bands.items()
    }
    found = {}
    for name in plan.sensitive:
        kind = plan.kinds[name].kind
        values = pq.read_table(out / "train.parquet", columns=[name])[name]
        if kind in ("numeric", "date"):
            values = pc.year(values) if kind == "date" else values
            cuts = bands.check_cuts(given[name], name) if name in given else bands.edges(values, name)
            found |= {name: cuts} if cuts else {}
        elif name in given:
            raise DataError(
                f"the sensitive column {name!r} can't be banded",
                got=f"kind {kind}: {plan.kinds[name].why}",
                expected="numbers or dates",
                mend=f"leave out data.bands, or declare data.columns: {{{name}: numeric}}",
            )
        else:
            bands.check_groups(len(pc.unique(values)), name)
    return found


def _check_texts(plan: roles.Plan, config: DataConfig) -> None:
    if config.text is not None and plan.modality != "text":
        raise DataError(
            "data.text says how texts are read, and none is",
            got=f"{plan.modality} data",
            expected="a column of text that is a feature",
            mend="declare it: data.columns: {NAME: text}; or leave data.text out",
        )


def _check_weights(reading: Reading, plan: roles.Plan) -> None:
    if plan.weight is None:
        return
    weights = numbers(reading.table[plan.weight], plan.weight)
    lowest = pc.min(weights).as_py()
    if weights.null_count or lowest is None or lowest < 0:
        raise DataError(
            f"the weights of {plan.weight!r} can't be used",
            got=f"{weights.null_count} missing, the lowest {lowest}",
            expected="a number of at least 0 in every row",
            mend="correct the column, or leave out data.weight",
        )


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
