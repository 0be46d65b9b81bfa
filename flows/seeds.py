"""More seeds: the same stages again with other seeds on the same split, and what varies between them."""

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

VARIATION = "variation"
"""The stage that measures what varies."""


def seeds_of(spec: Spec) -> tuple[int, ...]:
    """The seeds that a spec trains, the model's own first."""
    return tuple(spec.train.seed + step for step in range(spec.seeds))


def seed_stages(spec: Spec, stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """What comes after the audit where a spec asks for more seeds than one.

    Args:
        spec: with `seeds`.
        stages: what the spec asks for, for one seed.
    """
    if spec.seeds < 2:
        return ()
    _, *others = seeds_of(spec)
    variants = {
        f"seed_{seed}": Variant(f"seed {seed}", partial(_seeded, step=step))
        for step, seed in enumerate(others, 1)
    }
    variation = comparing(
        stages,
        variants,
        name=VARIATION,
        last=final_model([stage.name for stage in trained(stages)]),
        code=("audits.variation", "flows.seeds"),
        section=lambda run: {
            "confidence": run.spec.audit.confidence,
            "fairness": dataclasses.asdict(run.spec.audit.fairness),
        },
        measure=_measure,
    )
    return (*(again(stage, of) for of in variants.values() for stage in trained(stages)), variation)


def measure_variation(spec: Spec, audit: Path, variation: Path) -> Findings:
    """What varies, from the stored predictions of every seed."""
    from ..audits.predictions import Predictions
    from ..audits.variation import measure
    from .measure import Evidence

    own, *others = seeds_of(spec)
    stored = [Predictions.from_parquet(variation / f"seed_{seed}.parquet") for seed in others]
    return measure([own, *others], [Evidence.load(audit).model, *stored], spec.audit)


def _measure(run: Run, out: Path) -> Mapping[str, Any]:
    from .findings_file import to_bytes

    found = measure_variation(run.spec, run.path("audit"), out)
    (out / "findings.json").write_bytes(to_bytes({VARIATION: found}))
    return {"seeds": list(seeds_of(run.spec))}


def _seeded(spec: Spec, *, step: int) -> Spec:
    """The same spec, so many seeds further."""
    pretrain = spec.pretrain and dataclasses.replace(spec.pretrain, seed=spec.pretrain.seed + step)
    train = dataclasses.replace(spec.train, seed=spec.train.seed + step)
    return dataclasses.replace(spec, pretrain=pretrain, train=train, seeds=1)
