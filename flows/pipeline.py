"""The chain as one Prefect flow of one task a stage.

Tasks pass artifact keys. Prefect's own caching and pickling of results are off: the store alone decides what
is a hit. Deploy it by its module path, `assay.flows.pipeline.pipeline`.
"""

import contextvars
from collections.abc import Mapping
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from ..audits.report import summary_markdown
from ..platform.exceptions import StoreError
from .chain import Run, perform
from .environment import prepare
from .home import Home
from .preflight import check_against_data, preflight
from .register import publish, result_of
from .result import RunResult
from .spec import parse_spec
from .stages import INGEST, wanted

#: The run that `execute` was called with, for the flow that it calls; None in a deployment.
_current: contextvars.ContextVar[Run | None] = contextvars.ContextVar("assay_run", default=None)


def _passing(_task: Any, _run: Any, state: Any) -> bool:
    """Whether an error may be gone in a second: a disk, a database, a connection; never a wrong spec."""
    return isinstance(state.result(raise_on_failure=False), OSError | StoreError)


#: How every stage is a task: Prefect keeps no result, and tries again what may pass.
_AS_TASK: dict[str, Any] = {
    "cache_policy": NO_CACHE,
    "persist_result": False,
    "retries": 2,
    "retry_delay_seconds": [1, 5],
    "retry_condition_fn": _passing,
}


@task(**_AS_TASK)
def stage(name: str, after: Mapping[str, str]) -> str:
    """Perform one stage.

    Args:
        name: the stage.
        after: artifact keys of the stages before it.

    Returns:
        The key of its artifact.
    """
    run = _current.get()
    assert run is not None
    return perform(next(step for step in wanted(run.spec) if step.name == name), run).artifact.key


@task(**_AS_TASK)
def register(after: Mapping[str, str]) -> int:
    """Write the report and register the version, or find the one that exists.

    Returns:
        Number of the version.
    """
    run = _current.get()
    assert run is not None
    version, report = publish(run)
    create_markdown_artifact(
        key=f"report-{run.spec.name.lower()}".replace("_", "-").replace(".", "-"),
        markdown=summary_markdown(report),
        description=f"{run.spec.name} version {version}",
    )
    return version


@flow(name="assay", persist_result=False, retries=0)
def pipeline(spec: Mapping[str, Any], home: str | None = None) -> dict[str, Any]:
    """The whole chain for one spec.

    Args:
        spec: the spec as a mapping, as in the YAML file.
        home: folder of store and registry.

    Returns:
        What `assay run --json` prints.
    """
    run = _current.get()
    if run is not None:
        return _chain(run)
    parsed = parse_spec(spec)
    preflight(parsed)
    run = Run.open(parsed, Home.find(home))
    prepare(run.home.root)
    run.meter.start()
    token = _current.set(run)
    try:
        return _chain(run)
    finally:
        _current.reset(token)
        run.meter.close()


def execute(run: Run) -> RunResult:
    """Run the flow for a run that is already open."""
    token = _current.set(run)
    # A flow joins its heartbeat thread at its end, a second that says nothing to anyone here.
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        try:
            answer = pipeline(run.spec.to_dict(), str(run.home.root))
        finally:
            _current.reset(token)
    return result_of(run, answer["version"])


def _chain(run: Run) -> dict[str, Any]:
    keys: dict[str, str] = {}
    for step in wanted(run.spec):
        keys[step.name] = stage.with_options(name=step.name)(step.name, dict(keys))
        if step is INGEST:
            check_against_data(run.spec, run.path("ingest"))
    return result_of(run, register(dict(keys))).to_json()
