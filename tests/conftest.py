"""What every test stands on: no network, no telemetry, nothing outside temporary folders."""

import atexit
import os
import runpy
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run, so that one commit doesn't pass today and fail tomorrow;
# `HYPOTHESIS_PROFILE=explore make test` draws new ones.
settings.register_profile("same", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

_GUARD = Path(__file__).parent / "no_network"
_SESSION = Path(tempfile.mkdtemp(prefix="assay-tests-"))
_CONNECTIONS = _SESSION / "connections.txt"

# Set when this file is imported: libraries read these when they are imported, which is before any fixture.
_ENVIRONMENT = {
    "ASSAY_HOME": str(_SESSION / "home"),
    "ASSAY_TEST_CONNECTIONS": str(_CONNECTIONS),
    "DO_NOT_TRACK": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HOME": str(_SESSION / "huggingface"),
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    # Networks of tests are small: a second thread only waits for the first, and for the other test processes.
    "OMP_NUM_THREADS": "1",
    "PREFECT_HOME": str(_SESSION / "prefect"),
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PYTHONPATH": os.pathsep.join(filter(None, [str(_GUARD), os.environ.get("PYTHONPATH")])),
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
}

os.environ.update(_ENVIRONMENT)
for _name in ("ASSAY_STORE", "ASSAY_DATABASE", "PREFECT_API_URL"):
    os.environ.pop(_name, None)
atexit.register(shutil.rmtree, _SESSION, ignore_errors=True)
runpy.run_path(str(_GUARD / "sitecustomize.py"))


@pytest.fixture(autouse=True)
def _stays_on_this_machine() -> Iterator[None]:
    """Fail the test during which this process, or a Python that it started, reached for the network."""
    _CONNECTIONS.unlink(missing_ok=True)
    yield
    if _CONNECTIONS.exists():
        pytest.fail(f"the network was reached for:\n{_CONNECTIONS.read_text()}")
