"""`assay init`: write a spec, from a packaged example or by looking at a file."""

from pathlib import Path
from typing import Annotated

import typer

from .options import JsonOption, print_json


def init(
    example: Annotated[str | None, typer.Option(help="A packaged example: adult, digits, …")] = None,
    from_: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A data file to look at.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Column to predict.")] = None,
    sensitive: Annotated[
        list[str] | None, typer.Option(help="Column to audit fairness over; repeat it.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The spec to write.")] = Path("spec.yaml"),
    json: JsonOption = False,
) -> None:
    """Write a spec that `assay run` takes as it is."""
    from ...platform.exceptions import UsageError
    from ..examples import example_path

    if (example is None) == (from_ is None):
        raise UsageError("init needs one of --example and --from", mend="assay init --example adult")
    if output.exists():
        raise UsageError(f"{output} exists and is left as it is", mend="name another file with --output")
    if from_ is None:
        text, notes = example_path(str(example)).read_text(encoding="utf-8"), []
    else:
        text, notes = _look_at(from_, target, sensitive or [], output.parent)
    output.write_text(text, encoding="utf-8")
    if json:
        print_json({"spec": str(output), "notes": notes})
        return
    for note in notes:
        typer.echo(f"  {note}")
    typer.echo(f"wrote {output}; run it with: assay run {output}")


def _look_at(path: Path, target: str | None, sensitive: list[str], beside: Path) -> tuple[str, list[str]]:
    """YAML of a spec for a data file, and what was seen in it."""
    import os

    import yaml

    from ...platform.data.inspect import inspect
    from ...platform.exceptions import UsageError

    if target is None:
        raise UsageError(
            "init --from needs --target", expected="the column to predict", mend="--target COLUMN"
        )
    seen = inspect(path, target, tuple(sensitive))
    scheme, _, location = seen.spec["data"]["source"].partition(":")
    seen.spec["data"]["source"] = f"{scheme}:{os.path.relpath(location, beside)}"
    return yaml.safe_dump(seen.spec, sort_keys=False, allow_unicode=True), list(seen.notes)
