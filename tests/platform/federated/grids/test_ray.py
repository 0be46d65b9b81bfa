"""Both apps in this process and on Flower's simulation on Ray: the same weights, with a client killed."""

import gc

import numpy as np
import pytest
from assay.platform.data.dataset import Dataset
from assay.platform.data.preprocess import Preprocessor
from assay.platform.exceptions import AssayError
from assay.platform.federated.client_app import client_app
from assay.platform.federated.config import FederatedConfig
from assay.platform.federated.grids import run_apps
from assay.platform.federated.job import Job
from assay.platform.federated.partitions import Partition, deal_alike, dirichlet
from assay.platform.federated.secure.config import SecureConfig
from assay.platform.federated.server_app import server_app
from assay.platform.federated.sites import write_sites
from assay.platform.training.config import ModelConfig, TrainConfig

#: What Ray leaves open when a cluster is shut down.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed file .*/dev/null:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]

CLIENTS, ROUNDS = 4, 10
#: Client and round at which it dies: later ones are computed by what is left of the simulation.
DIES = (2, 3)


@pytest.fixture
def federation(tabular, tmp_path):
    """Sites on disk, and both apps for them, in 64 bits."""
    data = Dataset.open(tabular)
    tables = {split: data.table(split) for split in ("train", "validation")}
    preprocessor = Preprocessor.fit(tables["train"], data.schema)
    labels = [preprocessor.targets(tables[split]) for split in tables]
    owner = dirichlet(labels[0], CLIENTS, 0.5, seed=0)
    others = deal_alike(owner, *labels, CLIENTS, seed=0)
    write_sites(data, tables, Partition(tuple("abcd"), owner, others), tmp_path / "sites")
    told = {"strategy": "scaffold", "rounds": ROUNDS, "local_epochs": 2, "fraction": 0.75, "timeout": 60.0}

    def run(grid: str, **changed):
        job = Job(
            model=ModelConfig(architecture="mlp", options={"width": 16, "depth": 1, "token_width": 4}),
            train=TrainConfig(optimizer="sgd", learning_rate=0.1, batch_size=32, patience=None),
            federated=FederatedConfig(**told | changed),
            preprocessor=preprocessor,
            clients=CLIENTS,
            dtype="float64",
        )
        found = []
        run_apps(grid, server_app(job, found.append), mortal(tmp_path / "sites"), CLIENTS)
        return found[0]

    yield run
    gc.collect()  # here, where its warnings are expected


def mortal(sites):
    """The client's app, one of whose clients is killed in one round: on Ray with its whole process."""
    client, number = DIES
    real = client_app(sites)

    def app(message, context):
        import os
        import signal

        told = message.content.config_records.get("config", {})
        if (context.node_config["partition-id"], told.get("server-round")) == (client, number) and (
            message.metadata.message_type == "train"
        ):
            if "RAY_JOB_ID" in os.environ or "RAY_RAYLET_PID" in os.environ:
                os.kill(os.getpid(), signal.SIGKILL)
            raise ConnectionError("killed")
        return real(message, context)

    return app


def test_both_grids_give_the_same_weights_and_count_the_same_fault(federation):
    here, there = federation("in_process"), federation("ray")
    assert [(fault.client, fault.round) for fault in here.faults] == [DIES]
    assert [(fault.client, fault.round) for fault in there.faults] == [DIES]
    assert here.counted == there.counted
    assert here.best_round == there.best_round
    worst = max(np.abs(part.numpy() - there.arrays[name].numpy()).max() for name, part in here.arrays.items())
    assert {part.numpy().dtype for part in there.arrays.values()} == {np.dtype(np.float64)}
    assert worst <= 1e-12


def test_secure_sums_are_the_same_on_both_grids_and_lose_the_same_client(federation):
    """Masks differ in every run, and what is left of them in the weights is nothing."""
    told = {"strategy": "fedavg", "rounds": 4, "fraction": 1.0, "timeout": 300.0, "secure": SecureConfig()}
    here, there = (federation(grid, **told) for grid in ("in_process", "ray"))
    assert [(fault.client, fault.round) for fault in here.faults] == [DIES]
    assert [(fault.client, fault.round) for fault in there.faults] == [DIES]
    for name, part in here.arrays.items():
        np.testing.assert_array_equal(part.numpy(), there.arrays[name].numpy(), err_msg=name)


def test_too_few_clients_end_it_clearly_on_ray_too(federation):
    with pytest.raises(AssayError, match="round 3: 2 of 3 clients answered as they should, 3 are needed"):
        federation("ray", least=3)
