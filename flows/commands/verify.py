"""`assay verify`: digests, numbers and renderings, all over again."""

import typer

from .options import HomeOption, JsonOption, ModelArgument, print_json


def verify(model: ModelArgument, home: HomeOption = None, json: JsonOption = False) -> None:
    """Recompute everything that the stored evidence allows; exit 5 and a list where anything differs."""
    from ..home import Home
    from ..verification import verify_version

    result = verify_version(Home.find(home), model)
    if json:
        print_json(result.to_json())
    else:
        for line in result.checked:
            typer.echo(f"ok        {line}")
        for line in result.skipped:
            typer.echo(f"skipped   {line}")
        for line in result.differences:
            typer.echo(f"DIFFERENT {line}", err=True)
        typer.echo(f"{result.model}@{result.version}: {result.summary}")
    raise typer.Exit(5 if result.differences else 0)
