"""Options that several commands share, and how a command answers."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of the store and the registry (ASSAY_HOME, default ./.assay)."),
]
AllowCodeOption = Annotated[
    list[str] | None,
    typer.Option("--allow-code", metavar="MODULE:FACTORY", help="Let a module of your own run its code."),
]
AllowFetchOption = Annotated[
    bool, typer.Option("--allow-fetch", help="Let a checkpoint be fetched from the Hugging Face hub.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
ModelArgument = Annotated[str, typer.Argument(metavar="MODEL[@VERSION]", help="A registered model.")]


def print_json(answer: Any) -> None:
    """One JSON value on standard output; NaN has no JSON and is refused rather than printed."""
    typer.echo(json.dumps(answer, ensure_ascii=False, allow_nan=False, default=str))
