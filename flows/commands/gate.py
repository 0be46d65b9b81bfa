"""`assay gate`: the verdict as an exit code, for scripts."""

from .options import HomeOption, JsonOption, ModelArgument, print_json


def gate(model: ModelArgument, home: HomeOption = None, json: JsonOption = False) -> None:
    """Exit 0 if the version's gate passes or is waived, 3 if it fails, 4 if it is inconclusive."""
    import typer

    from ..home import Home
    from ..result import GATE_EXIT_CODES
    from ..version import open_version
    from ..waivers import gate_of

    version = open_version(Home.find(home), model)
    verdict = gate_of(version)
    if json:
        print_json({"model": version.name, "version": version.number, **verdict})
    else:
        typer.echo(f"{version.name}@{version.number}: {verdict['status']}")
        for check in verdict["checks"]:
            typer.echo(f"  {check['status']:<13} {check['metric']}: {check['reason']}")
            if "waived" in check:
                waiver = check["waived"]
                said = f"waived until {waiver['until']} by {waiver['name']}, not signed: {waiver['reason']}"
                typer.echo(f"  {'':<13} {said}")
    raise typer.Exit(GATE_EXIT_CODES[verdict["status"]])
