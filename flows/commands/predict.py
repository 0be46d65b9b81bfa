"""`assay predict`: score a file with a registered model."""

from pathlib import Path
from typing import Annotated

import typer

from .options import AllowCodeOption, HomeOption, JsonOption, ModelArgument, print_json


def predict(
    model: ModelArgument,
    file: Annotated[Path, typer.Argument(help="A CSV, JSON or parquet file with the model's columns.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="CSV or parquet to write; CSV on standard output without."),
    ] = None,
    allow_code: AllowCodeOption = None,
    support: Annotated[
        Path | None,
        typer.Option(
            "--support", help="A few-shot model's: a file of rows with their classes to learn from."
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """One row of scores and a decision for each row of FILE."""
    from ...platform.checkpoints.permission import permitting
    from ..home import Home
    from ..scoring import score_file, write_scores
    from ..version import open_version

    version = open_version(Home.find(home), model)
    with permitting(code=allow_code or ()):
        scored = score_file(version.model_path(), file, support)
    write_scores(scored, output, to_stdout=not json)
    if json:
        print_json({"model": version.name, "version": version.number, "rows": scored.num_rows,
                    "columns": scored.column_names, "output": output and str(output)})  # fmt: skip
