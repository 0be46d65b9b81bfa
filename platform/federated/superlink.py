"""A run on Flower's SuperLink: started, waited for and ended by Flower's own program, `flwr`.

Where a SuperLink is, and by which certificates it is known, stands in Flower's own configuration under a
name. Nothing of it stands in a spec, and nothing of it is read here but whether the name is there.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ..exceptions import AssayError, UsageError, nearest

__all__ = ["check_superlink", "last_words", "run_there"]

#: What `flwr run` sends: two names, which every node that has Assay installed can resolve.
_APP = Path(__file__).resolve().parents[2] / "infra/flower"

#: Seconds until a SuperLink says that it started a run, between two looks, and for a process to end.
_START, _LOOK, _END = 120.0, 0.2, 10.0

_STARTED = re.compile(r"Successfully started run (\d+)")

#: Lines of Flower's log that stand in an error.
_SAID = 12


def check_superlink(name: str) -> None:
    """Refuse what could not be run, before anything is trained.

    Raises:
        UsageError: Flower's program isn't there, or its configuration knows no SuperLink of that name.
    """
    _program()
    path = Path(os.environ.get("FLWR_HOME") or Path.home() / ".flwr") / "config.toml"
    try:
        known = dict(tomllib.loads(path.read_text(encoding="utf-8")).get("superlink", {}))
    except (OSError, TypeError, ValueError) as error:
        raise UsageError(
            "Flower's configuration can't be read",
            got=error,
            expected=f"{path} with a section [superlink.{name}]",
            mend="write it there, or name its folder by FLWR_HOME",
        ) from error
    addresses = {
        key: str(told["address"])
        for key, told in known.items()
        if isinstance(told, dict) and "address" in told
    }
    # `:local:` and its like are made on the spot, and no node knows them.
    running = [key for key, address in addresses.items() if not address.startswith(":")]
    if name not in running:
        raise UsageError(
            "federated.superlink names no running SuperLink",
            got=name,
            expected=f"the name of a section [superlink.NAME] in {path}, with its address",
            mend=nearest(name, running),
        )


def run_there(superlink: str, config: Mapping[str, Path], *, log: Path, limit: float) -> None:
    """Run the app, and wait until it is over.

    Whatever ends the wait before that, an interruption too, ends the run on the SuperLink as well.

    Args:
        superlink: its name in Flower's configuration.
        config: the run's configuration.
        log: file that Flower's log goes to.
        limit: seconds that the run may take.

    Raises:
        UsageError: the run could not be started.
        AssayError: it isn't over in time.
    """
    told = " ".join(f"{key}={json.dumps(str(path), ensure_ascii=False)}" for key, path in config.items())
    with log.open("wb") as out:
        process = _flwr("run", str(_APP), superlink, "--stream", "--run-config", told, out=out)
        try:
            _wait(process, log, limit)
        except BaseException:
            _stop(superlink, log)
            raise
        finally:
            _end(process)
    if _run(log) is None:
        raise _unstarted(superlink, log)


def last_words(log: Path) -> str:
    """The end of Flower's log, for an error."""
    lines = [line.strip(" │╭╰─╮╯") for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    return "\n".join([f"  {line}" for line in lines if line][-_SAID:])


def _wait(process: subprocess.Popen[bytes], log: Path, limit: float) -> None:
    begun = time.monotonic()
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK)
            return
        waited = time.monotonic() - begun
        if waited > limit:
            raise AssayError(
                f"the run on the SuperLink isn't over after {limit:g} seconds\n{last_words(log)}"
            )
        if waited > _START and _run(log) is None:
            raise AssayError(f"the SuperLink has started nothing in {_START:g} seconds\n{last_words(log)}")


def _unstarted(superlink: str, log: Path) -> UsageError:
    return UsageError(
        "Flower could not start the run",
        got=f"\n{last_words(log)}",
        expected=f"a SuperLink that answers at the address of [superlink.{superlink}]",
        mend="start it, or mend that section of Flower's config.toml",
    )


def _stop(superlink: str, log: Path) -> None:
    """End the run on the SuperLink, where one was started; what can't be ended there is let go."""
    number = _run(log)
    if number is None:
        return
    with (log.parent / "stop.log").open("wb") as out:
        process = _flwr("stop", number, superlink, out=out)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END)
        _end(process)


def _run(log: Path) -> str | None:
    """The number that the SuperLink gave the run."""
    found = _STARTED.search(log.read_text(encoding="utf-8", errors="replace"))
    return found and found[1]


def _flwr(*arguments: str, out: BinaryIO) -> subprocess.Popen[bytes]:
    """Flower's program, which tells nobody that it was used."""
    quiet = {"FLWR_TELEMETRY_ENABLED": "0", "FLWR_DISABLE_UPDATE_CHECK": "1", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [_program(), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
        env=os.environ | quiet,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Make sure that it is gone."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END)
    process.kill()
    process.wait()


def _program() -> str:
    """Where `flwr` is: on the path, or beside this Python.

    Raises:
        UsageError: it is nowhere.
    """
    places = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
    found = shutil.which("flwr", path=places)
    if found is None:
        raise UsageError(
            "Flower's program isn't there",
            got="no flwr on the path",
            expected="what `grid: deployment` starts runs with",
            mend="pip install 'assay[federated]'",
        )
    return found
