"""The published JSON schema of report.json (draft 2020-12), packaged beside this file."""

import json
from pathlib import Path
from typing import Any

__all__ = ["SCHEMA_VERSION", "schema"]

SCHEMA_VERSION = "1.2"
"""Minor number: keys were added, old readers still read it. Major number: a key changed its meaning."""


def schema() -> dict[str, Any]:
    """The schema as a dict, for `jsonschema.Draft202012Validator` or any other validator."""
    return json.loads(Path(__file__).with_name("report.schema.json").read_text(encoding="utf-8"))
