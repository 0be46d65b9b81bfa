"""Score a file with a model: what `assay predict` does."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..platform.exceptions import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

#: Scheme of a source by the ending of a file's name.
_SCHEMES = {".csv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet"}


def score_file(model: Path, file: Path) -> "pa.Table":
    """One row for each row of a file: `prediction`, and for classes `score_CLASS`.

    Args:
        model: folder of a model artifact.
        file: CSV, JSON or parquet with the columns that the model was trained on; the target may be absent.

    Raises:
        DataError: the file can't be read, or lacks columns.
    """
    import pyarrow as pa

    from ..platform.predictor import Predictor

    predictor = Predictor.load(model)
    scores = predictor.predict(_read(file))
    decided = predictor.decide(scores)
    if predictor.task == "regression":
        return pa.table({"prediction": decided})
    columns = {"prediction": [predictor.classes[code] for code in decided]}
    columns |= {f"score_{name}": scores[:, code] for code, name in enumerate(predictor.classes)}
    return pa.table(columns)


def _read(file: Path) -> "pa.Table":
    """The rows of a file, read as its ending says."""
    import tempfile

    from ..platform.data.sources import read

    if file.suffix not in _SCHEMES:
        raise UsageError(
            "the file can't be scored", got=file.name, expected=f"a name ending in {', '.join(_SCHEMES)}"
        )
    with tempfile.TemporaryDirectory(prefix="assay-") as scratch:
        return read(f"{_SCHEMES[file.suffix]}:{file}", scratch=Path(scratch)).table


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
