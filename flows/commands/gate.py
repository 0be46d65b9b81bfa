"""`assay gate`: the verdict as an exit code, for scripts."""

from .options import HomeOption, JsonOption, ModelArgument, print_json


def gate(model: ModelArgument, home: HomeOption = None, json: JsonOption = False) -> None:
    """Exit 0 if the version's gate passes, 3 if it fails, 4 if it is inconclusive."""
    import typer

    from ..home import Home
    from ..result import GATE_EXIT_CODES
    from ..version import open_version

    version = open_version(Home.find(home), model)
    verdict = version.verdict()
    if json:
        print_json({"model": version.name, "version": version.number, **verdict})
    else:
        typer.echo(f"{version.name}@{version.number}: {verdict['status']}")
        for check in verdict["checks"]:
            typer.echo(f"  {check['status']:<13} {check['metric']}: {check['reason']}")
    raise typer.Exit(GATE_EXIT_CODES[verdict["status"]])
