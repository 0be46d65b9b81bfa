"""`assay report`: a version's report, shown or copied out."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .options import HomeOption, JsonOption, ModelArgument, print_json


class Form(StrEnum):
    """Forms of a report."""

    html = "html"
    md = "md"
    json = "json"


def report(
    model: ModelArgument,
    format_: Annotated[Form, typer.Option("--format", help="Form of the report.")] = Form.html,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Copy it to this file.")] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Print where a version's report lies, copy it, or open it."""
    import shutil
    import webbrowser

    from ..home import Home
    from ..version import open_version
    from ..waivers import shown

    found = Home.find(home)
    version = open_version(found, model)
    path = shown(version, found.version_folder(version.name, version.number))[format_.value]
    if output is not None:
        shutil.copyfile(path, output)
        path = output
    if json:
        print_json(
            {"model": version.name, "version": version.number, "format": format_.value, "path": str(path)}
        )
    else:
        typer.echo(path)
    if open_:
        webbrowser.open(path.absolute().as_uri())
