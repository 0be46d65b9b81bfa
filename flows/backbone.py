"""The stage `checkpoint`: weights from elsewhere, in the place of pretraining.

    ingest → checkpoint → train → …

The artifact that it makes is a pretrained one, so every mode of training goes on from it. Its key is made of
the checkpoint's bytes, or of a factory's code, never of the folder that they lie in.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..platform.checkpoints.reference import is_checkpoint, is_code
from ..platform.training.config import ModelConfig

if TYPE_CHECKING:
    from .chain import Run
    from .spec import Spec

__all__ = [
    "CHECKPOINT",
    "checkpoint_inputs",
    "checkpoint_section",
    "model_of",
    "model_section",
    "of_checkpoint",
    "pretrained_by",
    "take_checkpoint",
]

#: Name of the stage.
CHECKPOINT = "checkpoint"


def of_checkpoint(spec: "Spec") -> bool:
    """Whether a spec's network comes with weights from elsewhere."""
    return spec.external is None and is_checkpoint(spec.model.architecture)


def pretrained_by(spec: "Spec") -> str | None:
    """Name of the stage whose weights training goes on from, or None."""
    return CHECKPOINT if of_checkpoint(spec) else "pretrain" if spec.pretrain else None


def model_of(run: "Run") -> ModelConfig:
    """The network as training is told it: a checkpoint's artifact describes the whole of it."""
    if not of_checkpoint(run.spec):
        return run.spec.model
    described = json.loads((run.path(CHECKPOINT) / "architecture.json").read_bytes())
    return ModelConfig(architecture=described["name"], options=described["options"])


def model_section(spec: "Spec") -> Mapping[str, Any]:
    """The section `model` for a cache key: of a checkpoint its content counts, and that is an input."""
    name = CHECKPOINT if of_checkpoint(spec) else spec.model.architecture
    return {"architecture": name, "options": dict(spec.model.options)}


def checkpoint_section(spec: "Spec") -> Mapping[str, Any]:
    """What the stage depends on; a factory may leave something to chance."""
    seed = {"seed": spec.train.seed} if is_code(spec.model.architecture) else {}
    return {"model": model_section(spec), **seed}


def checkpoint_inputs(run: "Run") -> Mapping[str, str]:
    """Digest of the checkpoint: of its files, or of the file that its factory stands in."""
    reference = str(run.spec.model.architecture)
    if is_code(reference):
        from ..platform.checkpoints.python_module import source_digest

        factory = reference.partition(":")[2]
        return {"checkpoint": f"{factory} {source_digest(factory)}"}
    from ..platform.checkpoints.files import checkpoint_files, fingerprint, located

    return {"checkpoint": fingerprint(checkpoint_files(located(reference)))}


def take_checkpoint(run: "Run", out: Path, scratch: Path) -> Mapping[str, Any]:
    """What the stage does."""
    from ..platform.checkpoints.taking import take

    return take(dataset=run.path("ingest"), model=run.spec.model, seed=run.spec.train.seed, out=out)


def told(checkpoint: Path) -> dict[str, Any]:
    """What the report shows of a checkpoint's artifact."""
    found = json.loads((checkpoint / "checkpoint.json").read_bytes())
    return {"card": {}} | {key: value for key, value in found.items() if key != "missing"}


def untold(checkpoint: Path) -> dict[str, str]:
    """JSON pointer in the report to reason, for what isn't known of a checkpoint."""
    found = json.loads((checkpoint / "checkpoint.json").read_bytes())
    return {f"/training/checkpoint{place}": why for place, why in found["missing"].items()}
