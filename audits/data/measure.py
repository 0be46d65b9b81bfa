"""The data audit: what the rows themselves say against trusting a model that was made from them."""

from collections.abc import Mapping
from typing import Any

from ...platform.data.duplicates import near_rows
from ..findings import Findings
from ..predictions import Predictions
from .crossing import crossing
from .leaks import single_columns
from .missingness import missingness
from .reference import in_population
from .representation import absent_groups, labels, representation
from .rows import Rows
from .share import counted

__all__ = ["measure"]

_SHOWN = 5


def measure(
    rows: Rows, datasheet: Mapping[str, Any], predictions: Predictions, *, confidence: float
) -> Findings:
    """Audit the rows of a dataset.

    Args:
        rows: of the three splits.
        datasheet: of the same dataset, for shared rows, their recorded baseline and the declared population.
        predictions: of the test rows.

    Returns:
        `metrics`, which a policy may limit; `audit`, what they rest on, and who is in the data.
    """
    reference = datasheet.get("reference", {})
    leaks, keys, absent = single_columns(rows, confidence), crossing(rows), absent_groups(rows)
    audit: dict[str, Any] = {
        "representation": representation(rows, reference, confidence),
        "labels": labels(rows, confidence),
        "missingness": missingness(rows, confidence),
        "single_columns": leaks[:_SHOWN],
        "keys": keys,
        "absent_groups": absent,
    }
    metrics, missing = _metrics(rows, datasheet, leaks, keys, absent)
    if rows.schema.modality == "tabular":
        compared = datasheet["duplicates"]["modelled"]["columns"]
        audit["near_rows"] = near_rows(dict(rows.splits), compared)
    else:
        missing["/audit/near_rows"] = "How near pictures or texts are is not measured."
    if reference:
        held = in_population(predictions, reference, confidence)
        if held.values:
            audit["in_population"] = held.values
        missing |= {f"/audit/in_population{place}": why for place, why in held.missing.items()}
    return Findings(values={"metrics": metrics, "audit": audit}, missing=missing)


def _metrics(
    rows: Rows, datasheet: Mapping[str, Any], leaks: list, keys: list, absent: Mapping[str, list]
) -> tuple[dict[str, Any], dict[str, str]]:
    tests = len(rows.splits["test"])
    shared = datasheet["duplicates"]["modelled"]
    metrics = {
        "copied_rows": counted(max(0, shared.get("excess", shared["test_rows"])) / tests, tests),
        "crossing_rows": counted(max((key["share"] for key in keys), default=0.0), tests),
    }
    missing = {}
    if leaks:
        # The largest of all upper bounds bounds the largest: another column's may be above the best one's.
        most = max(one["skill"]["one_sided"][1] for one in leaks)
        best = leaks[0]["skill"]
        metrics["label_leak"] = best | {"one_sided": [best["one_sided"][0], most]}
    else:
        missing["/metrics/label_leak"] = "There are no single columns to take: pictures, texts or no feature."
    if rows.schema.sensitive:
        metrics["absent_groups"] = counted(sum(map(len, absent.values())), tests)
    else:
        missing["/metrics/absent_groups"] = "The spec names no sensitive column."
    return metrics, missing
