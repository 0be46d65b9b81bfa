"""What privacy cost: the same stages again at other epsilons, or none, and test rows predicted by each."""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..audits.findings import Findings
from .chain import Run, Stage
from .final import final_model
from .spec import Spec
from .variants import Variant, again, comparing, trained

PRIVACY_COST = "privacy_cost"
"""The stage that measures it."""

NONE = "none"
"""How a spec calls training without privacy."""


def cost_stages(spec: Spec, stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """What comes after the audit where a spec compares with other epsilons.

    Each model beside is trained on the same split with the same seed, and charged to the ledger as this one.

    Args:
        spec: with `privacy.compare`.
        stages: what the spec asks for, for one epsilon.
    """
    variants = {_file(of): Variant(f"epsilon {_text(of)}", partial(_at, epsilon=of)) for of in others(spec)}
    if not variants:
        return ()
    cost = comparing(
        stages,
        variants,
        name=PRIVACY_COST,
        last=final_model([stage.name for stage in trained(stages)]),
        code=("audits.privacy", "flows.privacy_cost"),
        section=lambda run: {
            "epsilon": run.spec.privacy and run.spec.privacy.epsilon,
            "confidence": run.spec.audit.confidence,
            "fairness": dataclasses.asdict(run.spec.audit.fairness),
        },
        measure=_measure,
    )
    return (*(again(stage, of) for of in variants.values() for stage in trained(stages)), cost)


def others(spec: Spec) -> tuple[float | None, ...]:
    """The epsilons beside the model's own, ascending; None, last, is training without privacy."""
    asked = () if spec.privacy is None else spec.privacy.compare
    numbers = sorted(epsilon for epsilon in asked if not isinstance(epsilon, str))
    return (*numbers, *(None for epsilon in asked if epsilon == NONE))


def measure_cost(spec: Spec, audit: Path, folder: Path) -> Findings:
    """`curve`, and `cost` where one was trained without privacy, from stored predictions."""
    from ..audits.predictions import Predictions
    from ..audits.privacy.cost import cost, curve
    from .measure import Evidence

    assert spec.privacy is not None
    own = Evidence.load(audit).model
    beside = {of: Predictions.from_parquet(folder / f"{_file(of)}.parquet") for of in others(spec)}
    points = curve({spec.privacy.epsilon: own, **beside}, spec.audit)
    if None not in beside:
        why = "privacy.compare doesn't hold `none`: there is no model without privacy beside"
        return Findings(values={"curve": points}, missing={"/cost": why})
    found = Findings.gather({"cost": cost(own, beside[None], spec.audit)})
    return Findings(values={**found.values, "curve": points}, missing=found.missing)


def _measure(run: Run, out: Path) -> Mapping[str, Any]:
    from .findings_file import to_bytes

    found = measure_cost(run.spec, run.path("audit"), out)
    (out / "findings.json").write_bytes(to_bytes({PRIVACY_COST: found}))
    return {"epsilons": [_text(of) for of in others(run.spec)]}


def _at(spec: Spec, *, epsilon: float | None) -> Spec:
    """The same spec at another epsilon, or without privacy."""
    assert spec.privacy is not None
    private = None if epsilon is None else dataclasses.replace(spec.privacy, epsilon=epsilon, compare=())
    return dataclasses.replace(spec, privacy=private, seeds=1)


def _text(epsilon: float | None) -> str:
    return NONE if epsilon is None else f"{epsilon:.12g}"


def _file(epsilon: float | None) -> str:
    return f"epsilon_{_text(epsilon)}"
