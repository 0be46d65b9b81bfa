"""A version beside another of the same model: which one a policy names, and the paired differences to it.

An alias is looked up once, when the version is registered. Which version it meant then is written into the
report's folder and is part of the version's identity: when the alias moves, a rerun is another version.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..audits.bounds import with_bounds
from ..audits.config import AuditConfig
from ..audits.findings import Findings, pointer
from ..platform.exceptions import ModelError, VerificationError
from ..platform.registry import Registry, Version
from ..platform.store import Artifact, Store, canonical_json, digest_of_json
from .spec import Spec

_FILE = "comparisons.json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reference:
    """What `not_worse_than` meant at one moment."""

    asked: str
    """Alias or number, as the policy says it."""
    name: str
    number: int | None = None
    """The version; None where there was none."""
    identity: str | None = None
    predictions: str | None = None
    """Digest of the audit artifact that holds its predictions."""


def resolve(spec: Spec, registry: Registry, store: Store) -> tuple[Reference, ...]:
    """Every version that a policy compares with, as things stand now."""
    asked = {str(check.not_worse_than) for check in spec.policy if check.not_worse_than is not None}
    return tuple(_resolve(spec.name, one, registry, store) for one in sorted(asked))


def _resolve(name: str, asked: str, registry: Registry, store: Store) -> Reference:
    try:
        version = registry.version(name, asked)
    except ModelError:
        return Reference(asked=asked, name=name)
    audit = _audit_of(version, store)
    return Reference(
        asked=asked, name=name, number=version.number, identity=version.identity,
        predictions=None if audit is None else audit.digest,
    )  # fmt: skip


def _audit_of(version: Version, store: Store) -> Artifact | None:
    key = version.artifacts.get("audit")
    return None if key is None else store.lookup(key)


def digest_of(references: Sequence[Reference]) -> Mapping[str, str]:
    """What the references add to a version's digests; nothing where nothing is compared."""
    if not references:
        return {}
    return {"comparison": digest_of_json([dataclasses.asdict(reference) for reference in references])}


def save(references: Sequence[Reference], folder: Path) -> None:
    """Write the references into a report's folder."""
    (folder / _FILE).write_bytes(canonical_json([dataclasses.asdict(one) for one in references]))


def load(folder: Path) -> tuple[Reference, ...]:
    """What `save` wrote."""
    return tuple(Reference(**one) for one in json.loads((folder / _FILE).read_bytes()))


def compare(
    references: Sequence[Reference],
    *,
    audit: Artifact,
    config: AuditConfig,
    registry: Registry,
    store: Store,
) -> Findings:
    """This version's metrics minus each other version's, paired by row.

    Args:
        references: as `resolve` found them; what an alias means now isn't asked.
        audit: this version's audit artifact.
        config: confidence of the intervals, and of the bounds that the policy asks for.
        registry: where the other versions are.
        store: where their predictions are.

    Returns:
        `{asked: {name, version, identity, predictions, n, performance}}`, or the reason why there is none.

    Raises:
        VerificationError: a version isn't the one that was compared with.
    """
    parts: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for reference in references:
        found = _compare(reference, audit, config, registry, store)
        if isinstance(found, str):
            missing[pointer(reference.asked)] = found
        else:
            parts[reference.asked] = found
    if references and not parts:
        missing[""] = "there is no version that this one could be compared with"
    gathered = Findings.gather(parts)
    return Findings(values=gathered.values, missing=gathered.missing | missing)


def _compare(
    reference: Reference, audit: Artifact, config: AuditConfig, registry: Registry, store: Store
) -> Findings | str:
    from .measure import Evidence

    if reference.number is None:
        called = f"version {reference.asked}" if reference.asked.isdecimal() else f"{reference.asked} version"
        return f"there is no {called} yet"
    called = f"{reference.name}@{reference.number}"
    version = registry.version(reference.name, reference.number)
    theirs = _audit_of(version, store)
    if version.identity != reference.identity or (theirs and theirs.digest != reference.predictions):
        raise VerificationError(f"{called} isn't the version that was compared with")
    if theirs is None:
        return f"the predictions of {called} aren't in the store"
    return _paired(Evidence.load(audit.path).model, Evidence.load(theirs.path).model, reference, config)


def _paired(ours: Any, other: Any, reference: Reference, config: AuditConfig) -> Findings | str:
    from ..audits import performance

    differs = _difference(ours, other)
    if differs:
        return f"{reference.name}@{reference.number} {differs}, so its rows can't be paired with these"

    def measured(confidence: float) -> dict[str, Findings]:
        return {"performance": performance.compare(ours, other, confidence=confidence)}

    found = with_bounds(measured, config.confidences, measured(config.confidence))["performance"]
    facts = {
        "name": reference.name,
        "version": reference.number,
        "identity": reference.identity,
        "predictions": reference.predictions,
        "n": len(ours),
    }
    return Findings(
        values=facts | {"performance": found.values},
        missing={f"/performance{place}": why for place, why in found.missing.items()},
    )


def _difference(ours: Any, other: Any) -> str | None:
    """What keeps two versions' predictions from being paired."""
    import numpy as np

    if (ours.task, ours.classes, ours.positive) != (other.task, other.classes, other.positive):
        return "has another task or other classes"
    if ours.condensed is not None or other.condensed is not None:
        return "or this one was audited from a stream, which keeps no rows"
    if not np.array_equal(ours.rows, other.rows):
        return "was tested on other rows"
    if not np.array_equal(ours.y_true, other.y_true):
        return "was tested on rows with another truth"
    mine, theirs = (np.ones(len(of)) if of.weight is None else of.weight for of in (ours, other))
    return None if np.array_equal(mine, theirs) else "was tested on rows with other weights"
