"""FedAvg, FedProx and SCAFFOLD where clients differ: the shape of Flower's niid_bench, on data that is here.

Ten clients, all of which take part in every round; the same rounds, local epochs and batches for all. What a
seed decides: who has which rows, the first weights, the order of rows. On one further seed each strategy is
given the best of three learning rates, by the accuracy over the clients' validation rows after the last
round, and FedProx then, at its rate, the best of three `proximal_mu`. What is reported is the accuracy of
the last round's weights on the test rows, which nothing else looks at, and the difference to FedAvg with the
same seed: mean and 95% interval (Student's t) over five seeds. A difference separates where its interval
leaves out 0.

Li et al., "Federated Learning on Non-IID Data Silos" (2022), https://arxiv.org/abs/2102.02079, is the study
that niid_bench repeats. `--quick` is two rounds and two seeds, and writes nothing down.
"""

import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.exceptions import AssayError
from assay.platform.federated.config import FederatedConfig, PartitionConfig
from assay.platform.federated.training import train_federated
from assay.platform.predictor.artifact import load_network
from assay.platform.training.config import ModelConfig, TrainConfig
from assay.platform.training.tables import labelled
from record import write
from scipy import stats

CLIENTS, ROUNDS, SEEDS, TUNING_SEED = 10, 12, (0, 1, 2, 3, 4), 100
RATES = (0.1, 0.3, 1.0)
DIRICHLET = PartitionConfig(by="dirichlet", alpha=0.5)
SHARDS = PartitionConfig(by="label_shards", shards=2)
#: By strategy, its options while rates are tried, and those that are tried at the best rate.
STRATEGIES: Mapping[str, tuple[dict[str, float], tuple[dict[str, float], ...]]] = {
    "fedavg": ({}, ()),
    "fedprox": ({"proximal_mu": 0.1}, ({"proximal_mu": 0.01}, {"proximal_mu": 1.0})),
    "scaffold": ({}, ()),
}


@dataclass(frozen=True, kw_only=True)
class World:
    """Data, who has what of it, and what is trained on it."""

    data: DataConfig
    partition: PartitionConfig
    model: ModelConfig
    local_epochs: int
    batch_size: int


DIGITS = {
    "data": DataConfig(source="builtin:digits"),
    "model": ModelConfig(architecture="lenet"),
    "local_epochs": 3,
    "batch_size": 32,
}
WORLDS = {
    "digits, Dirichlet(0.5)": World(**DIGITS, partition=DIRICHLET),
    "digits, two labels": World(**DIGITS, partition=SHARDS),
    "adult, Dirichlet(0.5)": World(
        data=DataConfig(source="builtin:adult", target="income"),
        partition=DIRICHLET,
        model=ModelConfig(
            architecture="mlp", options={"width": 64, "depth": 2, "token_width": 4, "dropout": 0.0}
        ),
        local_epochs=1,
        batch_size=64,
    ),
}


def accuracies(world: World, dataset: Path, seed: int, rounds: int, **told: Any) -> tuple[float, float]:
    """Of the last round's weights on the clients' validation rows, and on the test rows; 0 if it diverged."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "model")
        out.mkdir()
        try:
            train_federated(
                dataset=dataset,
                model=world.model,
                config=TrainConfig(
                    optimizer="sgd",
                    learning_rate=told["rate"],
                    weight_decay=0.0,
                    clip=None,
                    batch_size=world.batch_size,
                    schedule="constant",
                    patience=None,
                    keep="last",
                    augment=False,
                    seed=seed,
                ),
                federated=FederatedConfig(
                    clients=CLIENTS,
                    partition=world.partition,
                    rounds=rounds,
                    local_epochs=world.local_epochs,
                    strategy=told["strategy"],
                    options=told["options"],
                    least=CLIENTS,
                ),
                out=out,
                scratch=Path(folder, "scratch"),
            )
        except AssayError:
            return 0.0, 0.0
        history = json.loads((out / "history.json").read_text())
        return history[-1]["validation_accuracy"], tested(out, Dataset.open(dataset))


@torch.no_grad()
def tested(out: Path, data: Dataset) -> float:
    """Accuracy on the test rows."""
    network, preprocessor = load_network(out)
    rows = labelled(preprocessor, data.test_table(), torch.device("cpu"))
    network.eval()
    return float((network(*rows.inputs).argmax(dim=1) == rows.target).double().mean())


def tuned(world: World, dataset: Path, strategy: str, rounds: int) -> dict[str, Any]:
    """The rate and the options that did best on a seed that isn't reported."""

    def score(rate: float, options: dict[str, float]) -> tuple[float, float, dict[str, float]]:
        told = {"strategy": strategy, "rate": rate, "options": options}
        return accuracies(world, dataset, TUNING_SEED, rounds, **told)[0], rate, options

    usual, others = STRATEGIES[strategy]
    best = max((score(rate, usual) for rate in RATES), key=lambda found: found[0])
    best = max([best, *(score(best[1], options) for options in others)], key=lambda found: found[0])
    return {"strategy": strategy, "rate": best[1], "options": best[2]}


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean, and the ends of its 95% interval by Student's t."""
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def compare(name: str, world: World, dataset: Path, rounds: int, seeds: tuple[int, ...]) -> list[dict]:
    """A row a strategy."""
    rows, first = [], None
    for strategy in STRATEGIES:
        best = tuned(world, dataset, strategy, rounds)
        found = np.array([accuracies(world, dataset, seed, rounds, **best)[1] for seed in seeds])
        first = found if first is None else first
        mean, low, high = interval(found)
        row = {"world": name, "strategy": strategy, "rate": best["rate"], **best["options"]}
        row |= {"accuracy": mean, "accuracy_low": low, "accuracy_high": high, "accuracies": found.tolist()}
        if strategy != "fedavg":
            difference, low, high = interval(found - first)
            row |= {"difference": difference, "low": low, "high": high}
            row["separates"] = "yes" if low > 0 or high < 0 else "no"
        rows.append(row)
        print(row, file=sys.stderr, flush=True)
    return rows


def main() -> None:
    """Print the table; a quick run isn't written down."""
    torch.set_num_threads(1)
    quick = "--quick" in sys.argv
    rounds, seeds = (2, SEEDS[:2]) if quick else (ROUNDS, SEEDS)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, world) in enumerate(WORLDS.items()):
            dataset = Path(folder, str(number))
            dataset.mkdir()
            ingest(world.data, out=dataset)
            rows += compare(name, world, dataset, rounds, seeds)
    if not quick:
        write("niid", rows, seed=SEEDS[0])


if __name__ == "__main__":
    main()
