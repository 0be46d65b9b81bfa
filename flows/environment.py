"""What is set before libraries are imported: nothing calls home, nothing is written beside the home."""

import os
from pathlib import Path

#: Prefect and others read these when they are imported, in this process and in those that it starts.
QUIET = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "RAY_USAGE_STATS_ENABLED": "0",
}


def prepare(home: Path) -> None:
    """Set what isn't set already.

    Args:
        home: folder that caches go to; Captum imports matplotlib, which otherwise makes one in the user's.
    """
    for name, value in (QUIET | {"MPLCONFIGDIR": str(home / "cache" / "matplotlib")}).items():
        os.environ.setdefault(name, value)
