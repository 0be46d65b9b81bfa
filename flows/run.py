"""One run from the outside: nothing heavy is started before it is known that something has to be done."""

import contextlib
import os
import urllib.error
import urllib.request
from collections.abc import Iterator

from ..platform.exceptions import AssayError, StoreError
from .chain import Run, find, perform
from .environment import prepare
from .home import Home
from .prefect_server import PrefectServer
from .preflight import check_against_data, preflight
from .progress import Display, Lines
from .register import recall, result_of
from .result import RunResult
from .spec import Spec
from .stages import INGEST, wanted


def run_spec(
    spec: Spec,
    *,
    home: str | os.PathLike[str] | None = None,
    ray_address: str | None = None,
    display: Display | None = None,
) -> RunResult:
    """Run a spec to a registered version; what is unchanged since an earlier run is found, not made again.

    Args:
        spec: what to run.
        home: folder of store and registry; `ASSAY_HOME` or `./.assay` without it.
        ray_address: a Ray cluster to train on.
        display: whom to tell about progress.

    Returns:
        The version, new or the one that exists.

    Raises:
        UsageError: the spec or the data can't be used; nothing was registered.
    """
    preflight(spec)
    run = Run.open(spec, Home.find(home), display=display or Lines(), ray_address=ray_address)
    if all(find(stage, run) for stage in wanted(spec)) and (version := recall(run)):
        return result_of(run, version)
    prepare(run.home.root)
    with _prefect(run.home) as server:
        run.meter.start()
        _work_ahead(run, server)
        from .pipeline import execute

        if server is not None:
            server.wait()
        try:
            return execute(run)
        finally:
            run.meter.close()


def _work_ahead(run: Run, server: PrefectServer | None) -> None:
    """Perform stages while the server boots; the flow finds them done.

    The first always: if the data can't be used, the person hears it at once. An error that may pass ends this
    quietly, for the flow tries such a stage again.
    """
    for stage in wanted(run.spec):
        try:
            perform(stage, run)
        except (OSError, StoreError):
            return
        if stage is INGEST:
            check_against_data(run.spec, run.path("ingest"))
        if server is None or server.answers():
            return


@contextlib.contextmanager
def _prefect(home: Home) -> Iterator[PrefectServer | None]:
    """The server that `PREFECT_API_URL` names, or our own; settings are in place before Prefect's import."""
    given = os.environ.get("PREFECT_API_URL")
    if given:
        _answers(given)
        yield None
        return
    server = PrefectServer(home.prefect)
    os.environ["PREFECT_API_URL"] = server.url
    home_given = os.environ.setdefault("PREFECT_HOME", str(home.prefect))
    try:
        yield server
    finally:
        server.close()
        del os.environ["PREFECT_API_URL"]
        if home_given == str(home.prefect):
            del os.environ["PREFECT_HOME"]


def _answers(url: str) -> None:
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=10):
            return
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise AssayError(
            f"no Prefect server answers at PREFECT_API_URL\n  got: {url}: {error}\n"
            "  mend: start it, or unset PREFECT_API_URL and one is started for the run; nothing was lost"
        ) from None
