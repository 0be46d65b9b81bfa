"""Few-shot learning in the chain: `train` by episodes, no calibration, `audit` by episodes of new classes."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .chain import Run, Stage
from .final import final_model

__all__ = ["audit_by_episodes", "few_shot_stage"]


def few_shot_stage(train: Stage) -> Stage:
    """The stage `train` where the spec has a section `few_shot`.

    Args:
        train: the stage without it; a few-shot model depends on all that this one does.
    """

    def section(run: Run) -> Mapping[str, Any]:
        from ..platform.few_shot.config import training_settings

        assert run.spec.few_shot is not None
        return {**train.section(run), "few_shot": training_settings(run.spec.few_shot)}

    def work(run: Run, out: Path, scratch: Path) -> Mapping[str, Any]:
        from ..platform.few_shot.training import train_few_shot
        from .charging import charge_without_privacy

        spec = run.spec
        assert spec.few_shot is not None
        charge_without_privacy(run, stage.key(run))
        return train_few_shot(
            dataset=run.path("ingest"), model=spec.model, config=spec.train, few_shot=spec.few_shot,
            out=out, scratch=scratch, progress=run.display.moved,
        )  # fmt: skip

    stage = dataclasses.replace(
        train,
        kind="few_shot_model",
        section=section,
        code=(*train.code, "platform.few_shot"),
        work=work,
        wanted=lambda spec: spec.few_shot is not None,
    )
    return stage


def audit_by_episodes(run: Run, out: Path) -> Mapping[str, Any]:
    """What the stage `audit` does for such a model."""
    from .few_shot_audit import audit_few_shot

    assert run.spec.few_shot is not None
    return audit_few_shot(
        dataset=run.path("ingest"), model=run.path(final_model(run.outcomes)),
        config=run.spec.audit, few_shot=run.spec.few_shot, out=out,
    )  # fmt: skip
