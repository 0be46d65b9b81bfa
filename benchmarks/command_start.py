"""S7: how long a command takes that answers at once. `assay --help` ≤ 0.25 s, `assay registry list` ≤ 0.5 s.

The peer is `prefect --help`, the command line that a person would otherwise drive flows with.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from record import interleave, write

BIN = Path(sys.executable).parent
COMMANDS = {
    "assay --help": [BIN / "assay", "--help"],
    "assay registry list": [BIN / "assay", "registry", "list"],
    "prefect --help": [BIN / "prefect", "--help"],
}


def main() -> None:
    """Each command in a fresh process, in turns; the registry holds one model's versions."""
    with tempfile.TemporaryDirectory() as home:
        fill_registry(Path(home))
        environment = os.environ | {"ASSAY_HOME": home, "PREFECT_HOME": home, "DO_NOT_TRACK": "1"}

        def started(command: list) -> object:
            return subprocess.run(command, check=True, capture_output=True, env=environment)

        seconds = interleave({name: lambda c=c: started(c) for name, c in COMMANDS.items()}, repeats=7)
    peer = seconds["prefect --help"]
    write(
        "command_start",
        [
            {"command": name, "seconds": taken, "times faster": peer / taken}
            for name, taken in seconds.items()
        ],
    )


def fill_registry(home: Path) -> None:
    """Twenty versions of five models."""
    from assay.flows.home import Home
    from assay.platform.registry import Version

    registry = Home(home).registry()
    for model in range(5):
        for number in range(1, 5):
            digests = {"model": f"{model}{number}" * 32}
            registry.register(Version(name=f"model-{model}", number=number, digests=digests))


if __name__ == "__main__":
    main()
