"""More seeds: the same stages again with other seeds on the same split, and what varies between them.

A stage of another seed has the key that it would have in a run of that seed: either finds the other's work.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..audits.findings import Findings
from .chain import Run, Stage
from .final import final_model
from .spec import Spec

VARIATION = "variation"
"""The stage that measures what varies."""

_OF_A_SEED = " seed "

#: Every seed shares the data; of the other seeds nothing but predictions is audited.
_SHARED = ("ingest", "audit")


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
    trained = [stage for stage in stages if stage.name not in _SHARED]
    again = [_again(stage, step, spec) for step in range(1, spec.seeds) for stage in trained]
    return (*again, _variation(stages, [stage.name for stage in trained]))


def in_order(names: Iterable[str], chain: Sequence[Stage]) -> list[str]:
    """Names of stages in the order in which they are done: the chain, other seeds, variation, report."""
    place = {stage.name: index for index, stage in enumerate(chain)}

    def order(name: str) -> tuple[int, int, int]:
        base, other, seed = name.partition(_OF_A_SEED)
        if other:
            return 1, int(seed), place[base]
        return (0, 0, place[name]) if name in place else (2, 0, int(name == "report"))

    return sorted(names, key=order)


def measure_variation(spec: Spec, audit: Path, variation: Path) -> Findings:
    """What varies, from the stored predictions of every seed."""
    from ..audits.predictions import Predictions
    from ..audits.variation import measure
    from .measure import Evidence

    own, *others = seeds_of(spec)
    stored = [Predictions.from_parquet(variation / f"seed_{seed}.parquet") for seed in others]
    return measure([own, *others], [Evidence.load(audit).model, *stored], spec.audit)


def _seeded(spec: Spec, step: int) -> Spec:
    """The same spec, so many seeds further."""
    pretrain = spec.pretrain and dataclasses.replace(spec.pretrain, seed=spec.pretrain.seed + step)
    train = dataclasses.replace(spec.train, seed=spec.train.seed + step)
    return dataclasses.replace(spec, pretrain=pretrain, train=train, seeds=1)


def _named(base: str, seed: int) -> str:
    return f"{base}{_OF_A_SEED}{seed}"


def _as_seen_by(run: Run, step: int) -> Run:
    """The run as a stage of another seed sees it: its spec, and its artifacts under plain names."""
    seed = run.spec.train.seed + step
    outcomes = {"ingest": run.outcomes["ingest"]}
    for name, made in run.outcomes.items():
        base, other, of = name.partition(_OF_A_SEED)
        if other and int(of) == seed:
            outcomes[base] = made
    return dataclasses.replace(run, spec=_seeded(run.spec, step), outcomes=outcomes)


def _again(stage: Stage, step: int, spec: Spec) -> Stage:
    """A stage of the chain for another seed."""
    return dataclasses.replace(
        stage,
        name=_named(stage.name, spec.train.seed + step),
        inputs=lambda run: stage.inputs(_as_seen_by(run, step)),
        section=lambda run: stage.section(_as_seen_by(run, step)),
        work=lambda run, out, scratch: stage.work(_as_seen_by(run, step), out, scratch),
    )


def _variation(stages: Sequence[Stage], trained: Sequence[str]) -> Stage:
    """Predict the test rows with every other seed's model, and measure."""
    audit = next(stage for stage in stages if stage.name == "audit")
    last = final_model(trained)

    def models(run: Run) -> dict[int, str]:
        return {seed: _named(last, seed) for seed in seeds_of(run.spec)[1:]}

    def work(run: Run, out: Path, scratch: Path) -> Mapping[str, Any]:
        from .audit_stage import predict_test
        from .findings_file import to_bytes

        for seed, name in models(run).items():
            predictions = predict_test(dataset=run.path("ingest"), model=run.path(name))
            predictions.to_parquet(out / f"seed_{seed}.parquet")
        found = measure_variation(run.spec, run.path("audit"), out)
        (out / "findings.json").write_bytes(to_bytes({VARIATION: found}))
        return {"seeds": list(seeds_of(run.spec))}

    return Stage(
        name=VARIATION,
        kind=VARIATION,
        inputs=lambda run: {
            "dataset": run.digest("ingest"),
            "audit": run.digest("audit"),
            **{f"seed {seed}": run.digest(name) for seed, name in models(run).items()},
        },
        section=lambda run: {
            "confidence": run.spec.audit.confidence,
            "fairness": dataclasses.asdict(run.spec.audit.fairness),
        },
        code=(*audit.code, "audits.variation", "flows.seeds"),
        libraries=audit.libraries,
        work=work,
    )
