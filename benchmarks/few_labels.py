"""Does pretraining matter where labels are few? 1% of Adult's labels, 5 a class of digits, 10 paired draws.

Each draw picks other labels and weights for both sides; three networks were pretrained from other seeds
and take the draws in turn, for pretraining sees no label. Scratch and pretrained choose among equally many
settings, by their mean score on the whole validation split over five draws that are not used again. The
difference is then measured on the test split, draw by draw, with a t interval of its mean.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.predictor import Predictor
from assay.platform.training import pretrain, train
from assay.platform.training.config import ModelConfig, PretrainConfig, TrainConfig
from record import write
from scipy.stats import t as student
from sklearn.metrics import accuracy_score, roc_auc_score

DRAWS = range(20, 30)
TUNING_DRAWS = range(200, 205)
BODIES = 3


@dataclass(frozen=True)
class Study:
    """One data set: what is pretrained, how few labels, and the settings that each side chooses among."""

    data: DataConfig
    model: ModelConfig
    pretraining: Mapping[str, Any]
    labels: Mapping[str, Any]
    metric: str
    score: Callable[[np.ndarray, np.ndarray], float]
    scratch: Sequence[Mapping[str, Any]]
    pretrained: Sequence[Mapping[str, Any]]


STUDIES = {
    "digits, 5 labels a class, SimCLR": Study(
        data=DataConfig(source="builtin:digits"),
        model=ModelConfig(architecture="resnet_small"),
        pretraining={
            "method": "simclr",
            "epochs": 150,
            "learning_rate": 2e-3,
            "options": {"temperature": 0.2},
        },
        labels={"labels_per_class": 5, "batch_size": 16, "patience": None},
        metric="accuracy",
        score=lambda y, scores: float(accuracy_score(y, scores.argmax(1))),
        scratch=[
            {"epochs": 200, "learning_rate": 2e-3},
            {"epochs": 400, "learning_rate": 2e-3},
            {"epochs": 200, "learning_rate": 1e-3},
            {"epochs": 200, "learning_rate": 4e-3},
        ],
        pretrained=[
            {"epochs": 60, "learning_rate": 2e-3},
            {"epochs": 120, "learning_rate": 1e-3},
            {"epochs": 200, "learning_rate": 2e-3},
            {"epochs": 100, "learning_rate": 2e-2, "mode": "linear_probe"},
        ],
    ),
    "adult, 1% of labels, SCARF": Study(
        data=DataConfig(source="builtin:adult", sensitive=("sex", "race")),
        # Half of the units dropped is what both sides do best with at 293 labels.
        model=ModelConfig(architecture="mlp", options={"dropout": 0.5}),
        pretraining={"method": "scarf", "epochs": 40, "batch_size": 512},
        labels={"label_fraction": 0.01, "batch_size": 32, "patience": None},
        metric="AUROC",
        score=lambda y, scores: float(roc_auc_score(y, scores[:, 1])),
        scratch=[
            {"epochs": 20, "learning_rate": 1e-3},
            {"epochs": 20, "learning_rate": 5e-4},
            {"epochs": 40, "learning_rate": 5e-4},
            {"epochs": 40, "learning_rate": 2e-4},
            {"epochs": 20, "learning_rate": 2e-3},
        ],
        pretrained=[
            {"epochs": 20, "learning_rate": 1e-3},
            {"epochs": 20, "learning_rate": 6e-4},
            {"epochs": 20, "learning_rate": 3e-4},
            {"epochs": 40, "learning_rate": 3e-4},
            {"epochs": 30, "learning_rate": 1e-2, "mode": "linear_probe"},
        ],
    ),
}


def main() -> None:
    """Both studies side by side, one thread each, for these networks are too small for more."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=one_thread) as pool:
        write("few_labels", list(pool.map(run, STUDIES)), seed=DRAWS.start)


def one_thread() -> None:
    """What each process starts with."""
    torch.set_num_threads(1)


def run(name: str) -> dict[str, Any]:
    """Tune both sides of a study, then compare them on fresh draws."""
    study = STUDIES[name]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        ingest(study.data, out=place / "dataset")
        pretrained = [pretrained_body(study, place, seed) for seed in range(BODIES)]
        bodies = {draw: pretrained[draw % BODIES] for draw in (*TUNING_DRAWS, *DRAWS)}
        none = dict.fromkeys(bodies)
        scratch, body = (
            tuned(study, place, none, study.scratch),
            tuned(study, place, bodies, study.pretrained),
        )
        ours = [tested(study, place, bodies[draw], draw, body, "test") for draw in DRAWS]
        plain = [tested(study, place, None, draw, scratch, "test") for draw in DRAWS]
    difference = np.subtract(ours, plain)
    reach = student.ppf(0.975, len(difference) - 1) * difference.std(ddof=1) / np.sqrt(len(difference))
    return {
        "study": name,
        "metric": study.metric,
        "scratch": float(np.mean(plain)),
        "pretrained": float(np.mean(ours)),
        "difference": float(difference.mean()),
        "low": float(difference.mean() - reach),
        "high": float(difference.mean() + reach),
        "draws": len(difference),
        "scratch chose": str(dict(scratch)),
        "pretrained chose": str(dict(body)),
    }


def pretrained_body(study: Study, place: Path, seed: int) -> Path:
    """Folder of a network pretrained on every train row, labels unseen."""
    out = place / f"pretrained-{seed}"
    out.mkdir()
    pretrain(
        dataset=place / "dataset", model=study.model, config=PretrainConfig(**study.pretraining, seed=seed),
        out=out, scratch=place / f"scratch-{seed}", progress=lambda progress: None,
    )  # fmt: skip
    return out


def tuned(
    study: Study, place: Path, bodies: Mapping[int, Path | None], settings: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    """The setting with the best mean validation score."""

    def mean(setting: Mapping[str, Any]) -> float:
        scores = [tested(study, place, bodies[draw], draw, setting, "validation") for draw in TUNING_DRAWS]
        return float(np.mean(scores))

    return max(settings, key=mean)


def tested(
    study: Study, place: Path, body: Path | None, draw: int, setting: Mapping[str, Any], split: str
) -> float:
    """Score of one training on a split."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        out = Path(folder) / "model"
        out.mkdir()
        train(
            dataset=place / "dataset", model=study.model, pretrained=body,
            config=TrainConfig(**study.labels, **setting, seed=draw),
            out=out, scratch=Path(folder) / "scratch", progress=lambda progress: None,
        )  # fmt: skip
        predictor, data = Predictor.load(out), Dataset.open(place / "dataset")
        table = data.test_table() if split == "test" else data.table(split)
        return study.score(predictor.preprocessor.targets(table), predictor.predict(table))


if __name__ == "__main__":
    main()
