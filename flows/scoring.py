"""Score a file with a model: what `assay predict` does."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..platform.exceptions import UsageError

if TYPE_CHECKING:
    import pyarrow as pa


def score_file(model: Path, file: Path) -> "pa.Table":
    """One row for each row of a file: `prediction`, and for classes `score_CLASS`.

    Args:
        model: folder of a model artifact.
        file: CSV, JSON or parquet with the columns that the model was trained on; the target may be absent.

    Raises:
        DataError: the file can't be read, or lacks columns.
    """
    import pyarrow as pa

    from ..platform.data.inspect import source_of
    from ..platform.data.sources import read
    from ..platform.predictor import load_model

    predictor = load_model(model)
    # Large files are mapped into memory from this folder, so it stays until the scores are there.
    with tempfile.TemporaryDirectory(prefix="assay-") as scratch:
        table = read(source_of(file), scratch=Path(scratch)).table
        scores = predictor.predict(table)
        decided = predictor.decide(scores, table)
    if predictor.task == "regression":
        return pa.table({"prediction": decided})
    columns = {"prediction": [predictor.classes[code] for code in decided]}
    columns |= {f"score_{name}": scores[:, code] for code, name in enumerate(predictor.classes)}
    return pa.table(columns)


def write_scores(scored: "pa.Table", output: Path | None, *, to_stdout: bool) -> None:
    """Write scores as the file's ending says, or as CSV on standard output."""
    import sys

    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    if output is None:
        if to_stdout:
            pc.write_csv(scored, sys.stdout.buffer)
    elif output.suffix == ".parquet":
        pq.write_table(scored, output)
    elif output.suffix == ".csv":
        pc.write_csv(scored, output)
    else:
        raise UsageError(
            "scores can't be written so", got=output.name, expected="a name ending in .csv or .parquet"
        )
