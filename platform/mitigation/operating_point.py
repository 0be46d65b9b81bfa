"""The stage `mitigate`: make every candidate, judge all by the validation rows, let one become the model."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..data.dataset import Dataset
from ..exceptions import CombinationError
from ..predictor import Predictor, load_model
from ..predictor.artifact import link_files, write_json
from ..training.config import ModelConfig, TrainConfig
from ..training.progress import Progress
from .candidates import MAKERS, Bench, Made, as_trained
from .config import MitigationConfig
from .groups import gap
from .trainer import Trainer

CANDIDATES = "candidates"
MITIGATION = "mitigation.json"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One candidate on the validation rows.

    Attributes:
        name: of its folder.
        parameter: what the grid moves; None for the model as it was trained.
        accuracy: share of validation rows decided rightly.
        gap: by the constraint, between the groups.
    """

    name: str
    parameter: float | None
    accuracy: float
    gap: float


def mitigate(
    *,
    dataset: Path,
    model: Path,
    network: ModelConfig,
    train: TrainConfig,
    config: MitigationConfig,
    pretrained: Path | None = None,
    out: Path,
    scratch: Path,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> dict[str, Any]:
    """Write every candidate below `candidates/`, and the chosen one as the artifact itself.

    `mitigation.json` says what each candidate's accuracy and gap are on the validation rows. Test rows are
    never read.

    Args:
        dataset: folder of the dataset artifact that the model was trained on.
        model: folder of the calibrated model: the candidate `none`.
        network: the section `model` of the spec.
        train: the section `train`; candidates are trained by it.
        config: the section `mitigate`.
        pretrained: folder of a pretrained artifact, which candidates start from, or None.
        out: folder to fill.
        scratch: folder for checkpoints, which outlives the process.
        progress: told at most five times a second.

    Returns:
        Method, choice and seconds, for the manifest.

    Raises:
        CombinationError: the task isn't binary.
        DataError: there are no two groups to compare.
    """
    _refuse(Dataset.open(dataset).schema.task)
    base = Predictor.load(model)
    trainer = Trainer.open(
        dataset,
        base.preprocessor,
        model=network,
        config=train,
        pretrained=pretrained,
        scratch=scratch,
        progress=progress,
    )
    bench = Bench(
        base=base, base_folder=model, dataset=dataset, config=config, trainer=trainer, out=out / CANDIDATES
    )
    judged, parts = [], []
    for made in (as_trained(bench), *MAKERS[config.method](bench)):
        judged.append(_judge(bench, made))
        parts.append({"name": made.name, **asdict(made.took)})
    chosen = choose(judged, config.gap)
    link_files(out / CANDIDATES / chosen.name, out)
    facts = {
        "method": config.method,
        "over": list(config.columns),
        "constraint": config.constraint,
        "limit": config.gap,
        "chosen": chosen.name,
        "candidates": [asdict(one) for one in judged],
    }
    write_json(out / MITIGATION, facts)
    return {"method": config.method, "chosen": chosen.name, "parts": parts, "fits": len(trainer.took)}


def is_mitigated(folder: Path) -> bool:
    """Whether a model's folder holds candidates."""
    return (folder / MITIGATION).is_file()


def read_mitigation(folder: Path) -> dict[str, Any]:
    """What `mitigation.json` of an artifact says."""
    return json.loads((folder / MITIGATION).read_bytes())


def choose(candidates: Sequence[Judged], limit: float) -> Judged:
    """The operating point: the most accurate candidate within the limit, else the one nearest to it.

    The first of equals wins, and the model as it was trained comes first.
    """
    within = [one for one in candidates if one.gap <= limit]
    if within:
        return max(within, key=lambda one: one.accuracy)
    return min(candidates, key=lambda one: one.gap)


def _judge(bench: Bench, made: Made) -> Judged:
    """Decide for the validation rows as `assay predict` would."""
    table, model = bench.trainer.tables["validation"], load_model(bench.out / made.name)
    decided = model.decide(model.predict(table), table)
    y_true, name = model.preprocessor.targets(table), model.schema.weight
    weight = None if name is None else table[name].to_numpy()
    return Judged(
        name=made.name,
        parameter=made.parameter,
        accuracy=float(np.average(decided == y_true, weights=weight)),
        gap=gap(bench.constraint, bench.groups("validation"), y_true, decided, weight),
    )


def _refuse(task: str) -> None:
    if task != "binary":
        raise CombinationError(
            "mitigation needs two classes",
            got=f"a {task} task",
            expected="a positive decision, whose rates are made alike",
            mend="leave mitigate out",
        )
