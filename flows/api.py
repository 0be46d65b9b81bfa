"""The platform from Python: what the command line does, as functions."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .home import Home
from .result import RunResult
from .version import open_version

if TYPE_CHECKING:
    from ..audits.report import ReportView
    from ..platform.predictor import Model

HomeLike = str | os.PathLike[str] | None


def run(
    spec: str | os.PathLike[str] | Mapping[str, Any], *, home: HomeLike = None, **overrides: Any
) -> RunResult:
    """Run a spec to a registered version.

    Args:
        spec: path of a YAML file, name of a packaged example, or the spec as a mapping.
        home: folder of store and registry.
        overrides: keys with their dots written as two underscores: `train__epochs=3`.
    """
    import json

    from .examples import example_names, example_path
    from .run import run_spec
    from .spec import load_spec, parse_spec

    settings = [f"{key.replace('__', '.')}={json.dumps(value)}" for key, value in overrides.items()]
    if isinstance(spec, Mapping):
        return run_spec(parse_spec(spec, settings), home=home)
    path = example_path(str(spec)) if str(spec) in example_names() else Path(spec)
    return run_spec(load_spec(path, settings), home=home)


def load(model: str, *, home: HomeLike = None) -> "Model":
    """The model of `name`, `name@3` or `name@alias`, after its bytes were checked."""
    from ..platform.predictor import load_model

    return load_model(open_version(Home.find(home), model).model_path())


def report(model: str, *, home: HomeLike = None) -> "ReportView":
    """The report of a version; it shows itself in a notebook."""
    from ..audits.report import ReportView

    return ReportView(open_version(Home.find(home), model).report_path("html").read_text(encoding="utf-8"))
