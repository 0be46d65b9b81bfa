"""Packaged policies: checks to start from, each with the source of its limit.

In a spec, `policy: [{use: credit}, {metric: kwh, max: 0.05}]` takes all checks of one, beside one's own. They
are written out when the spec is read, so that the version is bound to the checks and not to their name.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ..platform.exceptions import SpecError, nearest

FOLDER = Path(__file__).parent / "policies"

#: Stands for each sensitive column in turn.
_EACH = "{over}"


def policy_names() -> list[str]:
    """Names of the packaged policies."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def policy_summary(name: str) -> str:
    """The first line of a packaged policy."""
    return (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")


def with_packaged(policy: Any, *, sensitive: Sequence[str]) -> Any:
    """A policy as it stands in a spec, with every `use` replaced by the checks that it names.

    Args:
        policy: the spec's `policy`; what isn't a list of mappings is left for the spec to refuse.
        sensitive: names of the sensitive columns, for checks that are asked over each.

    Raises:
        SpecError: no such policy, something beside `use`, or groups are asked for and no column is sensitive.
    """
    if not isinstance(policy, Sequence) or isinstance(policy, str):
        return policy
    checks: list[Any] = []
    for entry in policy:
        if isinstance(entry, Mapping) and "use" in entry:
            checks += _packaged(entry, sensitive)
        else:
            checks.append(entry)
    return checks


def _packaged(entry: Mapping[str, Any], sensitive: Sequence[str]) -> list[dict[str, Any]]:
    name = str(entry["use"])
    if name not in policy_names():
        raise SpecError("no such policy", got=f"use: {name}", mend=nearest(name, policy_names()))
    if len(entry) > 1:
        others = ", ".join(key for key in entry if key != "use")
        raise SpecError("`use` stands alone", got=f"beside it: {others}", mend="write a check of its own")
    checks = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    if not sensitive:
        raise SpecError(
            f"the policy {name} compares groups", got="no data.sensitive", mend="name the columns there"
        )
    return [written for check in checks for written in _over_each(check, sensitive)]


def _over_each(check: dict[str, Any], sensitive: Sequence[str]) -> list[dict[str, Any]]:
    """The check once for each sensitive column, where it is asked over each."""
    return [check | {"over": column} for column in sensitive] if check.get("over") == _EACH else [check]
