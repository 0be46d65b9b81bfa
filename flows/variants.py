"""The same stages again for another spec on the same data: other seeds, and other epsilons.

A stage of a variant has the key that it would have in a run of the variant's own spec: either finds the
other's work.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .chain import Run, Stage
from .spec import Spec

#: Kinds of variants, which are done by their value, and what compares them.
_AFTER_THE_CHAIN = ("seed", "variation", "epsilon", "privacy_cost", "adapt", "adaptation", "report")

#: Every variant shares what was read; of a variant nothing but predictions is audited.
_READ = ("ingest", "target", "target_test")
_SHARED = (*_READ, "audit")


@dataclasses.dataclass(frozen=True)
class Variant:
    """Another spec for the same data."""

    name: str
    """What it is called in stages' names: `seed 1`, `epsilon 0.5`."""
    of: Callable[[Spec], Spec]
    """The variant's spec, from the run's."""


def trained(stages: Sequence[Stage]) -> list[Stage]:
    """The stages that a variant does again."""
    return [stage for stage in stages if stage.name not in _SHARED]


def named(base: str, variant: Variant) -> str:
    """A stage's name in a variant."""
    return f"{base} {variant.name}"


def again(stage: Stage, variant: Variant) -> Stage:
    """A stage of the chain for a variant."""
    return dataclasses.replace(
        stage,
        name=named(stage.name, variant),
        inputs=lambda run: stage.inputs(_as_seen_by(run, variant)),
        section=lambda run: stage.section(_as_seen_by(run, variant)),
        work=lambda run, out, scratch: stage.work(_as_seen_by(run, variant), out, scratch),
    )


def comparing(
    stages: Sequence[Stage],
    variants: Mapping[str, Variant],
    *,
    name: str,
    last: str,
    code: Sequence[str],
    section: Callable[[Run], Any],
    measure: Callable[[Run, Path], Mapping[str, Any]],
) -> Stage:
    """The stage that predicts the test rows with every variant's model, and measures.

    Args:
        stages: of the chain.
        variants: by the name of the file, without its ending, that keeps their predictions.
        name: of the stage.
        last: stage whose artifact is a variant's model.
        code: rooms whose source is part of the key, beside the audit's.
        section: the part of the spec that the stage depends on.
        measure: writes the findings into a folder that has the predictions; returns details for the manifest.
    """
    audit = next(stage for stage in stages if stage.name == "audit")

    def work(run: Run, out: Path, scratch: Path) -> Mapping[str, Any]:
        from .audit_stage import predict_test

        for file, variant in variants.items():
            model = run.path(named(last, variant))
            predict_test(dataset=run.path("ingest"), model=model).to_parquet(out / f"{file}.parquet")
        return measure(run, out)

    return Stage(
        name=name,
        kind=name,
        inputs=lambda run: {
            "dataset": run.digest("ingest"),
            "audit": run.digest("audit"),
            **{variant.name: run.digest(named(last, variant)) for variant in variants.values()},
        },
        section=section,
        code=(*audit.code, *code, "flows.variants"),
        libraries=audit.libraries,
        work=work,
    )


def in_order(names: Iterable[str], chain: Sequence[Stage]) -> list[str]:
    """Names of stages in the order in which they are done: the chain, then what comes after it."""
    place = {stage.name: index for index, stage in enumerate(chain)}

    def order(name: str) -> tuple[int, float, int]:
        if name in place:
            return -1, 0.0, place[name]
        base, _, variant = name.partition(" ")
        kind, _, value = variant.partition(" ")
        if not kind:
            return _AFTER_THE_CHAIN.index(name), 0.0, 0
        return _AFTER_THE_CHAIN.index(kind), math.inf if value == "none" else float(value), place[base]

    return sorted(names, key=order)


def _as_seen_by(run: Run, variant: Variant) -> Run:
    """The run as a stage of a variant sees it: its spec, and its artifacts under plain names."""
    outcomes = {name: run.outcomes[name] for name in _READ if name in run.outcomes}
    for name, made in run.outcomes.items():
        base, _, other = name.partition(" ")
        if other == variant.name:
            outcomes[base] = made
    return dataclasses.replace(run, spec=variant.of(run.spec), outcomes=outcomes)
