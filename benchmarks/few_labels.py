"""Does pretraining matter where labels are few? Every self-supervised method, ten paired draws of labels.

Digits with 5 labels a class, Adult and reviews with 1% of theirs. All methods of a data set pretrain for the
same CPU seconds: a probe of a few seconds tells what an epoch costs, and the schedule is laid out for as many
as fit. Each draw picks other labels and weights for both sides; a method's pretrained networks, from other
seeds, take the draws in turn, for pretraining sees no label. Scratch chooses among as many settings as
pretrained, or one more, both by their mean score on validation rows over draws that are not used again. Test
rows are read once, draw by draw; the interval is a t interval of the mean difference.

    python benchmarks/few_labels.py [FOLDER]            # all of it; without FOLDER in a new one
    python benchmarks/few_labels.py FOLDER digits/mae   # a part: a method, or a network from scratch

Every score is appended to a file of FOLDER when it is there: a run that was killed goes on where it was, and
parts that other processes have finished aren't repeated.
"""

import json
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.data.preprocess import Preprocessor
from assay.platform.predictor import Predictor
from assay.platform.training import pretrain, train
from assay.platform.training.config import PretrainConfig, TrainConfig
from assay.platform.training.progress import Progress
from few_labels_studies import STUDIES, Contender, Method, Settings, Study
from record import write
from scipy.stats import t as student

DRAWS = range(40, 50)
TUNING_DRAWS = range(300, 303)
#: Validation rows that settings are chosen on, at most.
TUNING_ROWS = 1_000
#: CPU seconds that tell what an epoch costs.
PROBE_S = 6.0


class EnoughError(Exception):
    """The probe knows what an epoch costs."""


class Notes:
    """Lines of JSON by key, each on disk before the next is worked out.

    Args:
        path: of the file, which may have lines of a run that was killed.
    """

    def __init__(self, path: Path):
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        self.known = {line["key"]: line for line in map(json.loads, lines)}

    def note(self, key: str, **facts: Any) -> None:
        """Keep what was found out."""
        self.known[key] = {"key": key, **facts}
        with self.path.open("a") as file:
            file.write(json.dumps(self.known[key]) + "\n")


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a network from scratch, or after a method.

    Attributes:
        data: name of the study.
        name: of the network or of the method.
        place: the study's folder.
    """

    data: str
    name: str
    place: Path

    @cached_property
    def notes(self) -> Notes:
        """What is known of this side."""
        self.place.mkdir(parents=True, exist_ok=True)
        return Notes(self.place / f"{self.name}.jsonl")

    @property
    def study(self) -> Study:
        """The data set and what is compared on it."""
        return STUDIES[self.data]

    @property
    def method(self) -> Method | None:
        """How it pretrains; None is scratch."""
        return self.study.methods.get(self.name)

    @property
    def contender(self) -> Contender:
        """The network."""
        return self.study.networks[self.method.network if self.method else self.name]

    @cached_property
    def dataset(self) -> Path:
        """Folder of the rows: one for each side, which may run beside another."""
        place = self.place / f"{self.name}-rows"
        if not place.exists():
            ingest(self.study.data, out=place)
        return place

    @cached_property
    def preprocessor(self) -> Preprocessor:
        """Fitted on every train row without its label, as pretraining's own is: scratch has it too."""
        data = Dataset.open(self.dataset)
        return Preprocessor.fit(data.table("train"), data.schema)

    def outcome(self) -> dict[str, Any]:
        """The setting that does best on the tuning draws, and its scores on the test rows."""
        settings: Settings = self.contender.pretrained if self.method else self.contender.scratch
        means = [
            np.mean([self.score(setting, draw, "validation") for draw in TUNING_DRAWS])
            for setting in settings
        ]
        setting = settings[int(np.argmax(means))]
        scores = [self.score(setting, draw, "test") for draw in DRAWS]
        return {"name": self.name, "setting": dict(setting), "validation": max(means), "test": scores}

    def score(self, setting: Mapping[str, Any], draw: int, split: str) -> float:
        """Score of one training on a split; what the notes know isn't trained again."""
        key = f"{split} {draw} {json.dumps(dict(setting))}"
        if key not in self.notes.known:
            body = self.body(draw % self.study.bodies)
            begun = time.process_time()
            score = self._trained(setting, draw, split, body)
            self.notes.note(key, score=score, cpu_s=time.process_time() - begun)
        return self.notes.known[key]["score"]

    def _trained(self, setting: Mapping[str, Any], draw: int, split: str, body: Path | None) -> float:
        """Train with the draw's labels, and score a split."""
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "model"
            out.mkdir()
            train(
                dataset=self.dataset, model=self.contender.model, pretrained=body,
                config=TrainConfig(**self.study.labels, **setting, seed=draw),
                preprocessor=None if body else self.preprocessor,
                out=out, scratch=Path(folder) / "scratch",
            )  # fmt: skip
            predictor, data = Predictor.load(out), Dataset.open(self.dataset)
        table = data.test_table() if split == "test" else data.table(split).slice(0, TUNING_ROWS)
        return self.study.score(predictor.preprocessor.targets(table), predictor.predict(table))

    def body(self, number: int) -> Path | None:
        """Folder of a network pretrained on every train row, labels unseen; None from scratch."""
        if self.method is None:
            return None
        key, out = f"body {number}", self.place / f"{self.name}-{number}"
        if key not in self.notes.known:
            epochs = max(1, round(self.study.seconds / self.epoch_s()))
            begun = time.process_time()
            self._pretrain(epochs, number, out)
            self.notes.note(key, epochs=epochs, cpu_s=time.process_time() - begun)
        return out

    def epoch_s(self) -> float:
        """CPU seconds of an epoch, from the steps of a pretraining that is broken off."""
        if "epoch" in self.notes.known:
            return self.notes.known["epoch"]["cpu_s"]
        seen: list[tuple[int, int, float]] = []

        def look(progress: Progress) -> None:
            seen.append((progress.total, progress.step, time.process_time()))
            if seen[-1][2] - seen[0][2] > PROBE_S:
                raise EnoughError

        many = 1_000
        with tempfile.TemporaryDirectory() as folder, suppress(EnoughError):
            self._pretrain(many, 0, Path(folder) / "out", progress=look)
        (total, first, began), (_, last, ended) = seen[0], seen[-1]
        self.notes.note("epoch", cpu_s=(ended - began) / (last - first) * total / many)
        return self.notes.known["epoch"]["cpu_s"]

    def _pretrain(self, epochs: int, seed: int, out: Path, **told: Any) -> None:
        assert self.method is not None, "scratch pretrains nothing"
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            pretrain(
                dataset=self.dataset, model=self.contender.model,
                config=PretrainConfig(**self.method.pretraining, epochs=epochs, seed=seed),
                out=out, scratch=Path(scratch), **told,
            )  # fmt: skip


def rows(data: str, place: Path) -> list[dict[str, Any]]:
    """A row a method of a study: over the scratch of its own network, and over the best scratch of any."""
    study = STUDIES[data]
    scratch = {network: Side(data, network, place).outcome() for network in study.networks}
    best = max(scratch.values(), key=lambda side: side["validation"])
    found = []
    for name, method in study.methods.items():
        side = Side(data, name, place)
        ours, plain = side.outcome(), scratch[method.network]
        bodies = [side.notes.known[f"body {number}"] for number in range(study.bodies)]
        over_best = _difference(ours, best)
        found.append(
            {
                "data": data,
                "method": name,
                "network": method.network,
                "bodies": study.bodies,
                "epochs": bodies[0]["epochs"],
                "pretraining_cpu_s": float(np.mean([body["cpu_s"] for body in bodies])),
                "metric": study.metric,
                "scratch": float(np.mean(plain["test"])),
                "pretrained": float(np.mean(ours["test"])),
                **_difference(ours, plain),
                "best_scratch": best["name"],
                **{f"{key}_over_best": value for key, value in over_best.items()},
                "scratch_chose": str(plain["setting"]),
                "pretrained_chose": str(ours["setting"]),
            }
        )
    return found


def _difference(ours: Mapping[str, Any], plain: Mapping[str, Any]) -> dict[str, float]:
    """Mean of the paired differences and its 95% t interval."""
    differences = np.subtract(ours["test"], plain["test"])
    reach = student.ppf(0.975, len(differences) - 1) * differences.std(ddof=1) / np.sqrt(len(differences))
    mean = float(differences.mean())
    return {"difference": mean, "low": mean - reach, "high": mean + reach}


def main() -> None:
    """The table, or the parts that are named."""
    torch.set_num_threads(1)  # these networks are too small for more, and CPU seconds stay comparable
    place, *parts = sys.argv[1:] or [tempfile.mkdtemp(prefix="few-labels-")]
    for part in parts:
        data, _, name = part.partition("/")
        print(part, Side(data, name, Path(place) / data).outcome(), flush=True)
    if not parts:
        table = [row for data in STUDIES for row in rows(data, Path(place) / data)]
        write("few_labels", table, seed=DRAWS.start)


if __name__ == "__main__":
    main()
