"""Score a file with a model: what `assay predict` does."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..platform.exceptions import UsageError

if TYPE_CHECKING:
    import pyarrow as pa


def score_file(model: Path, file: Path, support: Path | None = None) -> "pa.Table":
    """One row for each row of a file: `prediction`, and for classes `score_CLASS`.

    Args:
        model: folder of a model artifact.
        file: CSV, JSON or parquet with the columns that the model was trained on; the target may be absent.
        support: for a few-shot model, a file of rows to learn from, with their classes.

    Raises:
        DataError: the file can't be read, or lacks columns.
        ModelError: support for a model that doesn't learn from it, or none for one that does.
    """
    import pyarrow as pa

    from ..platform.data.inspect import source_of
    from ..platform.data.sources import read
    from ..platform.predictor import load_model

    if support is not None:
        return _score_by_support(model, file, support)

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


def _score_by_support(model: Path, file: Path, support: Path) -> "pa.Table":
    """Scores of a few-shot model, by the classes of some rows that it is shown."""
    import pyarrow as pa

    from ..platform.data.inspect import source_of
    from ..platform.data.sources import read
    from ..platform.few_shot.model import FewShotModel

    opened = FewShotModel.load(model)
    with tempfile.TemporaryDirectory(prefix="assay-") as scratch:
        shown, asked = (read(source_of(part), scratch=Path(scratch)).table for part in (support, file))
        scores, classes = opened.answer(shown, asked)
    columns = {"prediction": [classes[code] for code in scores.argmax(axis=1)]}
    return pa.table(columns | {f"score_{name}": scores[:, code] for code, name in enumerate(classes)})


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
