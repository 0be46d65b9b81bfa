"""S3: rounds of federated training, 10 and 100 clients, against Flower's simulation and a loop of clients.

`trivial`: clients that send back what they got, so that only the machinery is timed: both apps on the grid in
this process against `flwr.simulation.run_simulation` on Ray, whose start counts, as for whoever waits.
`mlp`: one epoch of an MLP at each client a round, in batches of 10 and of 32, in this process, against a
plain Python loop that does the same with torch alone: no messages, no checks, no seeds. `one_by_one_s` is the
same grid with clients that take turns: what the stack saves.

Flower's part takes minutes: `--quick` leaves it out and writes nothing down.
"""

import copy
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.data.preprocess import Preprocessor
from assay.platform.federated.client_app import client_app
from assay.platform.federated.config import FederatedConfig
from assay.platform.federated.grids import run_apps
from assay.platform.federated.job import Job
from assay.platform.federated.messages import EXAMPLES, METRICS, PARTITION, ROUND
from assay.platform.federated.partitions import Partition, deal_alike, iid
from assay.platform.federated.server_app import server_app
from assay.platform.federated.sites import write_sites
from assay.platform.federated.together import Together
from assay.platform.training.config import ModelConfig, TrainConfig
from assay.platform.training.rows import Rows
from assay.platform.training.tables import labelled
from flwr.app import Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from record import interleave, write

SEED, ROUNDS, ROWS = 0, 10, 6_400
MODEL = ModelConfig(architecture="mlp", options={"width": 64, "depth": 2, "token_width": 4, "dropout": 0.0})
PLAIN = {"optimizer": "sgd", "learning_rate": 0.05, "weight_decay": 0.0, "clip": None}
BATCHES = (10, 32)


def echoing() -> ClientApp:
    """Clients that do nothing."""
    app = ClientApp()

    @app.query()
    def query(message: Message, context) -> Message:
        numbers = MetricRecord({PARTITION: context.node_config[PARTITION], "train": 1, "validation": 1})
        return Message(RecordDict({METRICS: numbers}), reply_to=message)

    @app.train()
    def train(message: Message, context) -> Message:
        numbers = MetricRecord({EXAMPLES: 1.0, "train-loss": 0.0, ROUND: message.content["config"][ROUND]})
        return Message(RecordDict({"arrays": message.content["arrays"], METRICS: numbers}), reply_to=message)

    @app.evaluate()
    def evaluate(message: Message, context) -> Message:
        number = message.content["config"][ROUND]
        numbers = MetricRecord({EXAMPLES: 1.0, "rows": 1, "loss": 0.0, ROUND: number})
        return Message(RecordDict({METRICS: numbers}), reply_to=message)

    return app


def job(data: Dataset, clients: int, batch_size: int = 32) -> Job:
    """The same work for every contender."""
    return Job(
        model=MODEL,
        train=TrainConfig(**PLAIN, batch_size=batch_size, patience=None, schedule="constant"),
        federated=FederatedConfig(rounds=ROUNDS),
        preprocessor=Preprocessor.fit(data.table("train"), data.schema),
        clients=clients,
    )


def timed(grid: str, told: Job, app: ClientApp, together: Together | None = None) -> float:
    """Seconds of one training."""
    begun, found = time.perf_counter(), []
    run_apps(grid, server_app(told, found.append), app, told.clients, together=together)
    assert found[0].faults == []
    return time.perf_counter() - begun


def trivial(data: Dataset, clients: int, quick: bool) -> dict[str, object]:
    """Machinery alone."""
    told = job(data, clients)
    timed("in_process", told, echoing())  # pays for imports
    ours = min(timed("in_process", told, echoing()) for _ in range(3))
    row: dict[str, object] = {"what": "trivial", "clients": clients, "rounds": ROUNDS, "ours_s": ours}
    if not quick:
        flower = timed("ray", told, echoing())
        row |= {"peer": "Flower on Ray", "peer_s": flower, "times_faster": flower / ours}
    return row


def plain_loop(told: Job, sites: list[Rows], validation: list[Rows]) -> Callable[[], None]:
    """The same rounds with torch alone."""
    network, train = told.learner().network, told.train

    def run() -> None:
        weights = {name: part.clone() for name, part in network.state_dict().items()}
        for _ in range(ROUNDS):
            answers = []
            for rows in sites:
                local = copy.deepcopy(network)
                local.load_state_dict(weights)
                optimizer = torch.optim.SGD(local.parameters(), lr=train.learning_rate)
                order = torch.randperm(len(rows))
                for index in order.tensor_split(-(-len(rows) // train.batch_size)):
                    batch = rows.batch(index)
                    optimizer.zero_grad()
                    F.cross_entropy(local(*batch.inputs), batch.target).backward()
                    optimizer.step()
                answers.append(local.state_dict())
            shares = [len(rows) / sum(map(len, sites)) for rows in sites]
            weights = {
                name: sum(share * answer[name] for share, answer in zip(shares, answers, strict=True))
                for name in weights
            }
            network.load_state_dict(weights)
            with torch.no_grad():
                for rows in validation:
                    F.cross_entropy(network(*rows.inputs), rows.target)

    return run


def mlp(data: Dataset, clients: int, batch_size: int, folder: Path) -> dict[str, object]:
    """One epoch at each client a round."""
    told = job(data, clients, batch_size)
    tables = {split: data.table(split).slice(0, ROWS) for split in ("train", "validation")}
    labels = [told.preprocessor.targets(table) for table in tables.values()]
    owner = iid(len(labels[0]), clients, SEED)
    others = deal_alike(owner, *labels, clients, SEED)
    write_sites(data, tables, Partition(tuple(map(str, range(clients))), owner, others), folder)
    whole = {
        split: labelled(told.preprocessor, table, torch.device("cpu")) for split, table in tables.items()
    }
    sites = [part_of(whole["train"], owner, client) for client in range(clients)]
    held = [part_of(whole["validation"], others, client) for client in range(clients)]
    app, together = client_app(folder), Together(folder)
    contenders = {
        "ours": lambda: timed("in_process", told, app, together),
        "one by one": lambda: timed("in_process", told, app),
        "loop": plain_loop(told, sites, held),
    }
    seconds = interleave(contenders, repeats=3)
    return {
        "what": "mlp",
        "clients": clients,
        "batch": batch_size,
        "rounds": ROUNDS,
        "ours_s": seconds["ours"],
        "one_by_one_s": seconds["one by one"],
        "peer": "plain loop",
        "peer_s": seconds["loop"],
        "times_faster": seconds["loop"] / seconds["ours"],
    }


def part_of(rows: Rows, owner: np.ndarray, client: int) -> Rows:
    """One client's rows."""
    batch = rows.batch(torch.from_numpy(np.flatnonzero(owner == client)))
    return Rows(inputs=batch.inputs, target=batch.target)


def main() -> None:
    """Print the table; a quick run isn't written down."""
    quick = "--quick" in sys.argv
    torch.set_num_threads(1)
    logging.getLogger("flwr").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        dataset = Path(folder, "adult")
        dataset.mkdir()
        ingest(DataConfig(source="builtin:adult", target="income"), out=dataset)
        data = Dataset.open(dataset)
        rows = [trivial(data, clients, quick) for clients in (10, 100)]
        for clients, batch_size in product((10, 100), BATCHES):
            rows.append(mlp(data, clients, batch_size, Path(folder, f"sites{clients}-{batch_size}")))
    if quick:
        for row in rows:
            print(row)
    else:
        write("federated_rounds", rows, seed=SEED)


if __name__ == "__main__":
    main()
