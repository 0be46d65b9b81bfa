"""`assay list`: what can be named in a spec."""

from enum import StrEnum
from typing import Annotated

import typer

from .options import JsonOption, print_json


class Kind(StrEnum):
    """What can be listed."""

    architectures = "architectures"
    pretraining = "pretraining"
    few_shot = "few_shot"
    optimizers = "optimizers"
    schedules = "schedules"
    metrics = "metrics"
    explanations = "explanations"
    mitigation = "mitigation"
    adaptation = "adaptation"
    strategies = "strategies"
    robustness = "robustness"
    datasets = "datasets"
    examples = "examples"
    policies = "policies"


def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    json: JsonOption = False,
) -> None:
    """What can be named in a spec, with a line on each."""
    from ..catalogue import catalogue

    rows = catalogue(kind.value)
    if json:
        print_json(rows)
        return
    for row in rows:
        options = ", ".join(f"{name}={default}" for name, default in row.get("options", {}).items())
        private = f"  [dp: {row['dp']}]" if "dp" in row else ""
        typer.echo(f"{row['name']:<32} {row['summary']}" + (f"  ({options})" if options else "") + private)
