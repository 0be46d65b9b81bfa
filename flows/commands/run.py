"""`assay run`: the whole chain."""

from pathlib import Path
from typing import Annotated

import typer

from .answer import answer
from .options import AllowCodeOption, AllowFetchOption, HomeOption, JsonOption


def run(
    spec: Annotated[
        Path | None,
        typer.Argument(help="A spec; without one, the packaged Adult example.", show_default=False),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key, such as train.epochs=3."),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Ray Train workers to train on.")] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Seeds to train, to report how the numbers vary with them.")
    ] = None,
    ray: Annotated[
        str | None, typer.Option("--ray", metavar="ADDRESS", help="A Ray cluster to train on.")
    ] = None,
    allow_code: AllowCodeOption = None,
    allow_fetch: AllowFetchOption = False,
    home: HomeOption = None,
    gate: Annotated[
        bool, typer.Option("--gate", help="Exit 3 or 4 when the gate fails or is inconclusive.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Data to registered version: ingest, pretrain, train, calibrate, audit, report, register."""
    from ...platform.checkpoints.permission import permitting
    from ..examples import example_path
    from ..run import run_spec
    from ..spec import load_spec

    overrides = [*(set_ or ()), *([f"train.workers={workers}"] if workers else ())]
    overrides += [f"seeds={seeds}"] if seeds else []
    with permitting(fetch=allow_fetch, code=allow_code or ()):
        answer(
            lambda shown: run_spec(
                load_spec(spec or example_path("adult"), overrides), home=home, ray_address=ray, display=shown
            ),
            json=json,
            gate=gate,
        )
