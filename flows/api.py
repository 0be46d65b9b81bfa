"""The platform from Python: what the command line does, as functions."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .home import Home
from .result import RunResult
from .version import open_version

if TYPE_CHECKING:
    from torch import nn

    from ..audits.report import ReportView
    from ..platform.predictor import Model
    from ..platform.predictor.foreign.torch_module import Inputs

HomeLike = str | os.PathLike[str] | None


def run(
    spec: str | os.PathLike[str] | Mapping[str, Any],
    *,
    home: HomeLike = None,
    allow_code: Sequence[str] = (),
    allow_fetch: bool = False,
    **overrides: Any,
) -> RunResult:
    """Run a spec to a registered version.

    Args:
        spec: path of a YAML file, name of a packaged example, or the spec as a mapping.
        home: folder of store and registry.
        allow_code: factories of modules that may run, `package.module:factory`; no spec can ask for that.
        allow_fetch: a checkpoint may be fetched from the Hugging Face hub.
        overrides: keys with their dots written as two underscores: `train__epochs=3`.
    """
    import json

    from ..platform.checkpoints.permission import permitting
    from .examples import example_names, example_path
    from .run import run_spec
    from .spec import load_spec, parse_spec

    settings = [f"{key.replace('__', '.')}={json.dumps(value)}" for key, value in overrides.items()]
    if isinstance(spec, Mapping):
        parsed = parse_spec(spec, settings)
    else:
        path = example_path(str(spec)) if str(spec) in example_names() else Path(spec)
        parsed = load_spec(path, settings)
    with permitting(fetch=allow_fetch, code=allow_code):
        return run_spec(parsed, home=home)


def audit(
    model: "str | os.PathLike[str] | nn.Module",
    *,
    spec: str | os.PathLike[str] | Mapping[str, Any],
    inputs: "Inputs | None" = None,
    columns: Sequence[str] = (),
    logits: bool = False,
    name: str | None = None,
    home: HomeLike = None,
) -> RunResult:
    """Audit a model that Assay did not train, on a spec's data, to a registered version.

    Args:
        model: a torch module that gives logits (classes as in the data's schema, the positive one last) or
            values; or the path of a `.skops` or `.onnx` file or of a folder with safetensors.
        spec: path of a YAML file, or the spec as a mapping; its `model` and `train` are left aside.
        inputs: a module's: rows of the data as an Arrow table to the tensors that it is called with.
        columns: a module's: columns that `inputs` reads; without them, the features.
        logits: a file's outputs are logits, not probabilities.
        name: what the version is registered under; without it, the spec's name.
        home: folder of store and registry.
    """
    import dataclasses

    from ..platform.exceptions import UsageError
    from .external import ExternalConfig, audit_external
    from .spec import load_spec, parse_spec

    parsed = parse_spec(spec) if isinstance(spec, Mapping) else load_spec(Path(spec))
    if isinstance(model, str | os.PathLike):
        if not Path(model).exists():
            raise UsageError(f"there is no model at {model}", expected="a file or a folder")
        external = ExternalConfig(model=str(Path(model).absolute()), logits=logits)
    else:
        from ..platform.predictor.foreign.torch_module import lend

        if inputs is None:
            raise UsageError(
                "a module needs `inputs`", expected="a function from an Arrow table to tensors",
                mend="assay.audit(module, spec=..., inputs=lambda table: ...)",
            )  # fmt: skip
        external = ExternalConfig(model=f"torch:{lend(model, inputs, tuple(columns))}")
    asked = dataclasses.replace(parsed, name=name or parsed.name, external=external)
    return audit_external(asked, home=home)


def load(model: str, *, home: HomeLike = None, allow_code: Sequence[str] = ()) -> "Model":
    """The model of `name`, `name@3` or `name@alias`, after its bytes were checked.

    Args:
        model: the version.
        home: folder of store and registry.
        allow_code: factories that may run, where a module of one's own was trained.
    """
    from ..platform.checkpoints.permission import permitting
    from ..platform.predictor import load_model

    with permitting(code=allow_code):
        return load_model(open_version(Home.find(home), model).model_path())


def report(model: str, *, home: HomeLike = None) -> "ReportView":
    """The report of a version; it shows itself in a notebook."""
    from ..audits.report import ReportView

    return ReportView(open_version(Home.find(home), model).report_path("html").read_text(encoding="utf-8"))
