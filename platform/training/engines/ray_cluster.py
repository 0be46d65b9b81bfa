"""A Ray cluster for as long as a block lasts: one of our own on loopback, or somebody else's."""

import os
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ...exceptions import UsageError

#: Loopback alone, no telemetry, no warning of a default to come, quick notice of workers that are done.
_ENVIRONMENT = {
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",
    "RAY_USAGE_STATS_ENABLED": "0",
}

#: For a cluster of our own, whose workers inherit it and meet on loopback.
_OWN_ENVIRONMENT = {"GLOO_SOCKET_IFNAME": "lo"}

_OBJECT_STORE_BYTES = 100_000_000  # nothing travels through it: workers read the dataset themselves


@contextmanager
def ray_cluster(address: str | None, *, workers: int) -> Iterator[None]:
    """Start or join a cluster, afterwards stop or leave it; inside another such block, use that one's.

    Args:
        address: `HOST:PORT` or `ray://…` of a cluster that runs; None starts one.
        workers: that ours must have room for.

    Raises:
        UsageError: Ray isn't installed, or nothing answers at the address.
    """
    with ExitStack() as stack:
        stack.enter_context(_environment(_ENVIRONMENT if address else _ENVIRONMENT | _OWN_ENVIRONMENT))
        ray = _import_ray()
        if not ray.is_initialized():
            stack.enter_context(_sigterm_kept())
            if address:
                _join(ray, address)
            else:
                folder = tempfile.TemporaryDirectory(prefix="assay-ray-", ignore_cleanup_errors=True)
                _start(ray, stack.enter_context(folder), workers)
            stack.callback(ray.shutdown)
        yield


def _start(ray: Any, folder: str, workers: int) -> None:
    # Even with its statistics off Ray asks three clouds whether it runs there, unless its home has this file.
    Path(folder, "ray_bootstrap_config.yaml").write_text("{provider: {type: local}}\n", encoding="utf-8")
    with _environment({"HOME": folder}):
        ray.init(
            num_cpus=max(workers, os.cpu_count() or 1),
            include_dashboard=False,
            object_store_memory=_OBJECT_STORE_BYTES,
            log_to_driver=False,
            logging_level="ERROR",
            _node_ip_address="127.0.0.1",
            _temp_dir=folder,
        )


def _join(ray: Any, address: str) -> None:
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(
            "no Ray cluster answers at that address",
            got=f"{address}: {error}",
            expected="HOST:PORT of a cluster that runs",
            mend="start one with `ray start --head`, or leave the address out",
        ) from error


def _knock(address: str) -> None:
    """Connect once: where nothing listens, Ray itself tries for two minutes and then ends the process."""
    host, separator, port = address.removeprefix("ray://").rpartition(":")
    if separator:
        socket.create_connection((host, int(port)), timeout=10).close()


def _import_ray() -> Any:
    try:
        import ray
        import ray.train.torch
    except ImportError as error:
        raise UsageError(
            "several workers need Ray, which isn't installed",
            got=error,
            expected="the packages of the extra `ray`",
            mend="pip install 'assay[ray]', or set train.workers to 1",
        ) from error
    return ray


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Environment variables for as long as the block lasts."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _sigterm_kept() -> Iterator[None]:
    """Give the handler of SIGTERM back, which `ray.init` takes."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)
