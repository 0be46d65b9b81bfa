"""`assay registry`: models, versions, aliases."""

from typing import Annotated, Any

import typer

from .options import HomeOption, JsonOption, ModelArgument, print_json

registry = typer.Typer(help="Models, versions, aliases.", no_args_is_help=True, rich_markup_mode=None)


@registry.command("list")
def list_(home: HomeOption = None, json: JsonOption = False) -> None:
    """The newest version of every model."""
    rows = [
        {
            "model": summary.latest.name,
            "version": summary.latest.number,
            "gate": summary.verdict.status if summary.verdict else "inconclusive",
            "aliases": dict(summary.aliases),
            "created": summary.latest.created,
        }
        for summary in _registry(home).models()
    ]
    if json:
        print_json(rows)
        return
    if not rows:
        typer.echo("no models yet: `assay run` makes one")
    for row in rows:
        aliases = " ".join(f"{alias}={number}" for alias, number in row["aliases"].items())
        typer.echo(
            f"{row['model']:<24} {row['version']:>4}  {row['gate']:<13} {row['created']}  {aliases}".rstrip()
        )


@registry.command()
def show(model: ModelArgument, home: HomeOption = None, json: JsonOption = False) -> None:
    """Every version of a model, or all facts of one."""
    from ...platform.registry import parse_reference

    known, (name, which) = _registry(home), parse_reference(model)
    known.version(name, which)
    chosen = [known.version(name, which)] if which else known.versions(name)
    rows = [_facts(known, version) for version in chosen]
    if json:
        print_json(rows[0] if which else rows)
        return
    for row in rows:
        typer.echo(f"{row['model']}@{row['version']}  {row['gate']}  {row['created']}")
        for part, digest in row["digests"].items():
            typer.echo(f"  {part:<9} {digest}")
        for metric, value in row["details"]["metrics"].items():
            typer.echo(f"  {metric:<24} {value:.4f}")


@registry.command()
def promote(
    model: ModelArgument,
    alias: Annotated[str, typer.Option(help="What the version is promoted to.")] = "production",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Point an alias at a version whose gate passed; nothing else can move such an alias."""
    from ..home import Home
    from ..version import open_version

    version = open_version(Home.find(home), model)
    # Reads the bytes again: what is promoted has to be what was judged.
    version.verdict()
    version.registry.promote(version.name, version.number, alias)
    _answer({"model": version.name, "version": version.number, "alias": alias}, json)


@registry.command()
def alias(
    model: ModelArgument,
    name: Annotated[str, typer.Argument(help="The alias.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Point an alias at a version without a gate; names that were promoted to are refused."""
    from ...platform.registry import parse_reference

    known, (model_name, which) = _registry(home), parse_reference(model)
    number = known.version(model_name, which).number
    known.alias(model_name, name, number)
    _answer({"model": model_name, "version": number, "alias": name}, json)


def _registry(home: Any) -> Any:
    from ..home import Home

    return Home.find(home).registry()


def _facts(known: Any, version: Any) -> dict[str, Any]:
    verdict = known.verdict_on(version)
    return {
        "model": version.name,
        "version": version.number,
        "gate": verdict.status if verdict else "inconclusive",
        "created": version.created,
        "digests": dict(version.digests),
        "artifacts": dict(version.artifacts),
        "details": dict(version.details),
    }


def _answer(answer: dict[str, Any], json: bool) -> None:
    if json:
        print_json(answer)
    else:
        typer.echo(f"{answer['alias']} → {answer['model']}@{answer['version']}")
