"""`assay waive`: let a version's open checks be, in a person's name, for a reason, until a day."""

from typing import Annotated, Any

import typer

from .options import HomeOption, JsonOption, ModelArgument, print_json


def waive(
    model: ModelArgument,
    check: Annotated[
        list[str] | None,
        typer.Option("--check", metavar="METRIC[:OVER[:GROUP]]", help="An open check; can be repeated."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every open check.")] = False,
    name: Annotated[str, typer.Option("--name", help="Who answers for it.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="YYYY-MM-DD", help="The last day.")] = "",
    list_: Annotated[bool, typer.Option("--list", help="Show the version's waivers.")] = False,
    revoke: Annotated[int | None, typer.Option("--revoke", metavar="ID", help="End a waiver now.")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Waive checks of one version's gate; the report shows it first. Waivers aren't signed yet."""
    from ...platform.exceptions import SpecError
    from ..home import Home
    from ..version import open_version
    from ..waivers import give, shown

    found = Home.find(home)
    version = open_version(found, model)
    if revoke is not None:
        version.registry.waivers.revoke(version.record, revoke)
    elif not list_:
        if bool(check) == all_:
            raise SpecError("which checks are waived?", expected="--check, once or more, or --all")
        give(version, checks=check or (), all_=all_, person=name, reason=reason, until=until)
    shown(version, found.version_folder(version.name, version.number))
    _answer(version, json)


def _answer(version: Any, json: bool) -> None:
    """The version's waivers as they are now."""
    from ...platform.registry import today
    from ..waivers import check_key, in_report

    given = version.registry.waivers.of(version.record)
    if json:
        rows = [in_report(waiver) | {"expired": not waiver.counts(today())} for waiver in given]
        print_json({"model": version.name, "version": version.number, "waivers": rows})
        return
    typer.echo(f"{version.name}@{version.number}: {len(given)} waivers, none of them signed")
    for waiver in given:
        ends = f"until {waiver.until}" if waiver.counts(today()) else f"expired {waiver.until}"
        typer.echo(f"  {waiver.id}  {check_key(waiver.check)}  {ends}  {waiver.person}: {waiver.reason}")
