"""What was spent on a data set so far, written down with each new version: later runs don't change it."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..audits.findings import Findings
from ..platform.exceptions import AssayError
from ..platform.privacy.ledger.chain import Head
from ..platform.privacy.ledger.ledger import Ledger
from ..platform.privacy.ledger.spending import Spent
from ..platform.store import Artifact, canonical_json
from .charging import dataset_name, unit_of
from .home import Home
from .spec import Spec

_FILE = "ledger.json"


def gather(home: Home, spec: Spec, version: int, artifacts: Mapping[str, Artifact]) -> dict[str, Any] | None:
    """What the ledger says of a run's data now; None where it doesn't know them.

    Args:
        home: whose ledger.
        spec: of the run.
        version: that is being made; its own runs get its name, which the ledger hears later.
        artifacts: of its stages, whose keys name the runs.
    """
    ledger, unit = home.ledger(), unit_of(spec)
    name = dataset_name(spec.data.source)
    if spec.privacy is None or not ledger.knows(name, unit=unit):
        return None
    head = ledger.head()
    asked = {"dataset": name, "unit": unit, "delta": spec.privacy.delta, "head": head.to_json()}
    own = {artifact.key: f"{spec.name}@{version}" for artifact in artifacts.values()}
    return {**asked, "own": own, **_said(ledger, asked)}


def save(history: Mapping[str, Any] | None, folder: Path) -> None:
    """Write it into a report's folder."""
    if history is not None:
        (folder / _FILE).write_bytes(canonical_json(history))


def load(folder: Path) -> dict[str, Any] | None:
    """What `save` wrote."""
    path = folder / _FILE
    return json.loads(path.read_bytes()) if path.exists() else None


def differences(home: Home, history: Mapping[str, Any]) -> list[str]:
    """What the ledger, read up to the head that was noted, says otherwise."""
    try:
        again = _said(home.ledger(), history)
    except AssayError as error:
        return [str(error)]
    return [f"{key}: the ledger says otherwise" for key, value in again.items() if value != history[key]]


def measure(history: Mapping[str, Any] | None) -> Findings:
    """The report's section `cumulative`."""
    if history is None:
        return Findings(missing={"": "Trained without differential privacy, or on rows of no ledger."})
    runs = [
        {
            "version": history["own"].get(run["run"], run["label"]),
            "mine": run["run"] in history["own"],
            **{key: value for key, value in run.items() if key not in ("run", "label")},
        }
        for run in history["runs"]
    ]
    values = {key: history[key] for key in ("dataset", "unit", "delta", "head")} | {"runs": runs}
    missing = {}
    for key, why in (
        ("epsilon", "The rows were also learned from without privacy: nothing bounds what was spent."),
        ("filtered", "No budget was set for these rows: `assay ledger set`."),
        ("budget", "No budget was set for these rows: `assay ledger set`."),
    ):
        if history[key] is None:
            missing[f"/{key}"] = why
        else:
            values[key] = history[key]
    return Findings(values=values, missing=missing)


def _said(ledger: Ledger, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The ledger's answer as JSON; what is infinite is null."""
    head = Head(**asked["head"])
    spent = ledger.spent(asked["dataset"], unit=asked["unit"], delta=asked["delta"], upto=head)
    return {
        "epsilon": _finite(spent.epsilon),
        "filtered": None if spent.filtered is None else _finite(spent.filtered),
        "budget": _budget(spent),
        "runs": [
            {
                "run": one.run,
                "label": one.label,
                "dataset": one.dataset,
                "event": one.event.to_json(),
                "epsilon": _finite(one.epsilon),
            }
            for one in spent.charges
        ],
    }


def _budget(spent: Spent) -> dict[str, float] | None:
    return None if spent.budget is None else {"epsilon": spent.budget.epsilon, "delta": spent.budget.delta}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
