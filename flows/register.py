"""The end of the chain: a report for a version number, and the version with its verdict in the registry.

What a version is, is decided before it has a number: spec, model, audit and policy by digest. The same
identity is the same version, so a rerun finds it. A version whose report can't be read any more is not
silently repaired: the next number is given, and its identity says which version it replaces. Where the policy
compares with another version, that version is part of the identity too.
"""

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..platform.exceptions import VersionTakenError
from ..platform.registry import Registry, Verdict, Version, identity_of
from ..platform.store import Artifact, digest_of_json
from . import comparison, energy_history, ledger_history
from .backbone import CHECKPOINT, of_checkpoint
from .chain import Outcome, Run, Stage, perform
from .charging import attribute
from .comparison import Reference
from .final import final_model
from .result import RunResult, StageResult
from .stages import INGEST

#: Numbers that are tried while other processes publish versions of the same model.
_TRIES = 50

#: Rooms that a report's content and form come from.
REPORT_CODE = (
    "audits.report",
    "platform.mitigation.methods",
    "platform.adaptation.methods",
    "platform.privacy.uncovered",
    "audits.check",
    "audits.evidence",
    "audits.metrics",
    "audits.policy",
    "audits.validation",
    "audits.carbon",
    "audits.clients",
    "audits.findings",
    "audits.bounds",
    "audits.intervals",
    "audits.performance",
    "audits.privacy.claims",
    "audits.privacy.gates",
    "audits.privacy.odds",
    "flows.backbone",
    "flows.comparison",
    "flows.energy_history",
    "flows.ledger_history",
    "flows.privacy_section",
    "flows.uncovered_facts",
    "flows.report_stage",
    "flows.register",
)


def recall(run: Run) -> int | None:
    """The version that this run's artifacts are registered as, if it is whole; nothing is made."""
    number = _find(run, run.home.registry()).number
    if number is not None:
        if run.spec.privacy is not None:
            attribute(run, number)  # for a process that died right after it registered
        _link(run, number)
    return number


def publish(run: Run) -> tuple[int, dict[str, Any]]:
    """Write the report and register the version, or find the one that exists.

    Returns:
        The version's number and its report.

    Raises:
        VersionTakenError: other processes took every number that was tried.
    """
    registry = run.home.registry()
    for _ in range(_TRIES):
        place = _find(run, registry)
        number = _register(run, registry, place) if place.number is None else place.number
        if number is not None:
            attribute(run, number)
            _link(run, number)
            return number, json.loads((run.path("report") / "report.json").read_bytes())
    raise VersionTakenError(f"{_TRIES} numbers of {run.spec.name} were taken by other runs; run it again")


def result_of(run: Run, number: int) -> RunResult:
    """What the run ends with, once its report is among its outcomes."""
    report = run.outcomes["report"].artifact
    return RunResult(
        model=run.spec.name,
        version=number,
        path=run.path(final_model(run.outcomes)),
        gate=report.manifest.details["verdict"]["status"],
        report={
            form: run.home.version_folder(run.spec.name, number) / f"report.{form}"
            for form in ("html", "md", "json")
        },
        stages=tuple(
            StageResult(name=name, seconds=made.seconds, cached=made.cached, kwh=made.kwh)
            for name, made in run.outcomes.items()
        ),
    )


@dataclasses.dataclass(frozen=True)
class _Place:
    """What a run's version consists of, which versions it is compared with, and its number if it has one."""

    digests: Mapping[str, str]
    references: tuple[Reference, ...]
    number: int | None


def report_stage(number: int, references: tuple[Reference, ...]) -> Stage:
    """The report stage for one version number, which is part of what the report says."""
    return Stage(
        name="report",
        kind="report",
        inputs=lambda run: {name: run.digest(name) for name in run.outcomes if name != "report"},
        section=lambda run: {
            "spec": run.spec.to_dict(),
            "version": number,
            **comparison.digest_of(references),
        },
        code=REPORT_CODE,
        libraries=("jinja2",),
        work=lambda run, out, scratch: _write(run, number, references, out),
    )


def _write(run: Run, number: int, references: tuple[Reference, ...], out: Path) -> Mapping[str, Any]:
    from .report_stage import write

    artifacts = {name: made.artifact for name, made in run.outcomes.items() if name != "report"}
    compared = comparison.compare(
        references,
        audit=artifacts["audit"],
        config=run.spec.audit,
        registry=run.home.registry(),
        store=run.store,
    )
    comparison.save(references, out)
    spent = energy_history.gather(
        run.spec.name, number, artifacts.values(), registry=run.home.registry(), store=run.store
    )
    energy_history.save(spent, out)
    ledger = ledger_history.gather(run.home, run.spec, number, artifacts)
    ledger_history.save(ledger, out)
    return write(
        spec=run.spec, artifacts=artifacts, version=number, out=out,
        compared=compared, spent=spent, ledger=ledger,
    )  # fmt: skip


def _find(run: Run, registry: Registry) -> _Place:
    """What this run's version consists of, and its number if it is registered and whole."""
    spec = dataclasses.asdict(run.spec)
    policy = spec.pop("policy")
    spec["data"]["source"] = INGEST.inputs(run)["source"]
    if of_checkpoint(run.spec):
        spec["model"]["architecture"] = run.digest(CHECKPOINT)
    if spec["external"] and spec["external"]["model"]:
        spec["external"]["model"] = run.digest("import")
    digests = {
        "spec": digest_of_json(spec),
        "policy": digest_of_json(policy),
        "model": run.digest(final_model(run.outcomes)),
        "audit": run.digest("audit"),
    }
    references = comparison.resolve(run.spec, registry, run.store)
    for reference in references:
        # The version that an alias means may be this very one; it isn't compared with itself.
        number = reference.number
        if number and _is_made_of(registry, reference, digests) and _take_report(run, registry, number):
            return _Place(digests, references, number)
    digests |= comparison.digest_of(references)
    while True:
        number, exists = registry.next_version(run.spec.name, identity_of(digests))
        if not exists:
            return _Place(digests, references, None)
        if _take_report(run, registry, number):
            return _Place(digests, references, number)
        digests["replaces"] = str(number)


def _is_made_of(registry: Registry, reference: Reference, digests: Mapping[str, str]) -> bool:
    """Whether a version has the same spec, policy, model and audit, whatever it was compared with."""
    theirs = registry.version(reference.name, reference.number).digests
    return all(theirs.get(part) == digest for part, digest in digests.items())


def _take_report(run: Run, registry: Registry, number: int) -> bool:
    """Take a registered version's report as this run's, if it can still be read."""
    report = run.store.lookup(registry.version(run.spec.name, number).artifacts["report"])
    if report is not None:
        run.outcomes["report"] = Outcome(report, cached=True)
    return report is not None


def _register(run: Run, registry: Registry, place: _Place) -> int | None:
    """Write the report for the next free number and take the number; None if another run was quicker."""
    digests = place.digests
    number, _ = registry.next_version(run.spec.name, identity_of(digests))
    run.outcomes.pop("report", None)
    report = perform(report_stage(number, place.references), run).artifact
    version = Version(
        name=run.spec.name,
        number=number,
        digests=digests,
        artifacts={name: made.artifact.key for name, made in run.outcomes.items()},
        details=_details(report),
    )
    verdict = report.manifest.details["verdict"]
    try:
        registered = registry.register(
            version,
            verdict=Verdict(
                name=version.name, number=number, identity=version.identity,
                status=verdict["status"], checks=verdict["checks"],
            ),
        )  # fmt: skip
    except VersionTakenError:
        return None
    return number if registered.artifacts["report"] == report.key else None


def _details(report: Artifact) -> dict[str, Any]:
    """What a listing shows of the version, and the digest that binds it to its report."""
    content = json.loads((report.path / "report.json").read_bytes())
    metrics = content.get("performance", {}).get("metrics", {})
    return {
        "report_digest": report.digest,
        "architecture": content["model"]["architecture"],
        "metrics": {name: found["value"] for name, found in metrics.items()},
    }


def _link(run: Run, number: int) -> None:
    """Readable links to the version's files; what they point to is the store's."""
    folder = run.home.version_folder(run.spec.name, number)
    folder.mkdir(parents=True, exist_ok=True)
    report = run.path("report")
    targets = {
        "model": run.path(final_model(run.outcomes)),
        **{p.name: p for p in report.iterdir() if p.stem != "manifest"},
    }
    for name, target in targets.items():
        if not (folder / name).exists():
            (folder / name).unlink(missing_ok=True)  # it led to a store that was moved
            (folder / name).symlink_to(os.path.relpath(target, folder))
