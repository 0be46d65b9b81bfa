"""`assay lr`: which learning rates a spec can train with."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from .options import AllowCodeOption, AllowFetchOption, HomeOption, JsonOption, print_json


def lr(
    spec: Annotated[Path, typer.Argument(help="A spec.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key, such as train.batch_size=64."),
    ] = None,
    low: Annotated[float, typer.Option(help="Rate of the first step.")] = 1e-6,
    high: Annotated[float, typer.Option(help="Rate of the last.")] = 10.0,
    steps: Annotated[int, typer.Option(help="Steps, unless the loss diverges before.")] = 100,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE.svg", help="Draw the losses.")
    ] = None,
    allow_code: AllowCodeOption = None,
    allow_fetch: AllowFetchOption = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Try learning rates from low to high on the train rows, and suggest one (Smith 2017)."""
    from ...platform.checkpoints.permission import permitting
    from ..rate_range import picture, rate_range_of
    from ..spec import load_spec

    with permitting(fetch=allow_fetch, code=allow_code or ()):
        found = rate_range_of(load_spec(spec, set_ or ()), home=home, low=low, high=high, steps=steps)
    if out is not None:
        out.write_text(picture(found), encoding="utf-8")
    if json:
        print_json(dataclasses.asdict(found) | {"picture": None if out is None else str(out)})
        return
    typer.echo(f"lowest loss at {found.lowest:.1e}; more makes it rise")
    if found.suggested is None:
        typer.echo("the loss never fell: try other rates (--low, --high) or more steps (--steps)")
    else:
        typer.echo(f"suggested: --set train.learning_rate={found.suggested:.1e}")
    if out is not None:
        typer.echo(f"drawn: {out}")
