"""A round's answers at once: the same as the clients' own, and the clients' own wherever they must be."""

import dataclasses
from functools import partial

import numpy as np
import pytest
from assay.platform.data.dataset import Dataset
from assay.platform.data.preprocess import Preprocessor
from assay.platform.federated import together as module
from assay.platform.federated.client_app import client_app, forget
from assay.platform.federated.config import FederatedConfig
from assay.platform.federated.grids import run_apps
from assay.platform.federated.grids.in_process import in_process
from assay.platform.federated.job import Job
from assay.platform.federated.messages import ARRAYS, CONFIG, ROUND, Work, arrays_of, weights_of
from assay.platform.federated.partitions import Partition, deal_alike, dirichlet
from assay.platform.federated.server_app import server_app
from assay.platform.federated.sites import site_folder, write_sites
from assay.platform.federated.stacking import STACKABLE, alone_because
from assay.platform.federated.together import Together
from assay.platform.training.config import ModelConfig, PretrainConfig, TrainConfig
from flwr.app import ConfigRecord, Message, RecordDict

CLIENTS = 5
OPTIONS = {"width": 8, "depth": 1, "token_width": 4, "dropout": 0.0}
USUAL = {"batch_size": 16, "optimizer": "sgd", "learning_rate": 0.1, "schedule": "cosine", "patience": None}


@pytest.fixture
def world(tabular, tmp_path):
    """A maker of jobs, and the folder of the clients, some with far more rows than others."""
    data = Dataset.open(tabular)
    told = Preprocessor.fit(data.table("train"), data.schema)
    tables = {split: data.table(split) for split in ("train", "validation")}
    labels = [told.targets(table) for table in tables.values()]
    owner = dirichlet(labels[0], CLIENTS, 0.5, 0)
    others = deal_alike(owner, *labels, CLIENTS, 0)
    names = tuple(map(str, range(CLIENTS)))
    write_sites(data, tables, Partition(names, owner, others), tmp_path / "sites")

    def job(*, network=OPTIONS, architecture="mlp", train=None, **federated):
        return Job(
            model=ModelConfig(architecture=architecture, options=network),
            train=TrainConfig(**USUAL | (train or {})),
            federated=FederatedConfig(**{"clients": CLIENTS, "rounds": 3} | federated),
            preprocessor=told,
            clients=CLIENTS,
            dtype="float64",
        )

    yield job, tmp_path / "sites"
    forget()


def run(job, sites, together):
    found = []
    run_apps("in_process", server_app(job, found.append), client_app(sites), CLIENTS, together=together)
    return found[0]


@pytest.fixture
def asked(monkeypatch):
    """How many clients were trained at once, call by call."""
    calls = []

    def learn(learner, crowd, clients, *rest, **told):
        calls.append(len(clients))
        return real(learner, crowd, clients, *rest, **told)

    real = module.learn_together
    monkeypatch.setattr(module, "learn_together", learn)
    return calls


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"strategy": "fedprox", "options": {"proximal_mu": 0.5}},
        {"strategy": "scaffold", "fraction": 0.6, "local_epochs": 2},
        {"strategy": "fedadam", "personalize": 1},
        {"strategy": "median", "train": {"optimizer": "adamw", "clip": 0.1}},
    ],
    ids=lambda told: told.get("strategy", "fedavg"),
)
def test_rounds_end_with_the_weights_of_clients_that_take_turns(world, asked, told):
    make, sites = world
    job = make(**told)
    alone = run(job, sites, None)
    assert asked == []
    together = run(job, sites, Together(sites))
    assert asked == [round(job.federated.fraction * CLIENTS)] * 3
    assert (together.asked, together.counted, together.faults) == (alone.asked, alone.counted, [])
    for name, array in alone.arrays.items():
        np.testing.assert_allclose(together.arrays[name].numpy(), array.numpy(), rtol=0, atol=1e-9)
    for mine, others in zip(together.history, alone.history, strict=True):
        assert mine == pytest.approx(others, rel=1e-5)
    for client, numbers in alone.personalized.items():
        assert together.personalized[client] == pytest.approx(numbers, rel=1e-5)


def test_a_client_that_can_t_be_read_is_a_fault_of_its_own(world, asked):
    make, sites = world
    (site_folder(sites, 2) / "schema.json").write_text("{")
    found = run(make(rounds=1), sites, Together(sites))
    assert asked == []
    assert {(fault.client, fault.kind) for fault in found.faults} == {(2, "raised")}
    assert found.history[0]["clients"] == CLIENTS - 1


def test_a_client_whose_loss_is_no_number_is_a_fault_of_its_own(world, monkeypatch):
    make, sites = world

    def without_one(*told, **settings):
        return {client: learned for client, learned in real(*told, **settings).items() if client != 1}

    real = module.learn_together
    monkeypatch.setattr(module, "learn_together", without_one)
    found = run(make(rounds=1), sites, Together(sites))
    assert found.faults == []  # its own app answered in its place
    assert found.counted == dict.fromkeys(range(CLIENTS), 1)


def contents(job, **more):
    config = ConfigRecord({"work": job.work.to_json(), "factor": 1.0, ROUND: 1, **more})
    return RecordDict({ARRAYS: arrays_of(weights_of(job.learner().learned)), CONFIG: config})


def test_whatever_else_a_server_tells_is_for_the_clients_own_app(world, asked):
    make, sites = world
    job = make()
    plain, more = contents(job), contents(job, other=1)
    secret = RecordDict({**plain, "other": ConfigRecord({})})
    with in_process(client_app(sites), CLIENTS) as grid:
        answer = partial(Together(sites), contexts=grid.contexts)
        assert sorted(answer([Message(plain, node, "train") for node in (1, 3)])) == [1, 3]
        for messages in (
            [Message(more, node, "train") for node in (1, 3)],
            [Message(secret, node, "train") for node in (1, 3)],
            [Message(contents(job), node, "train") for node in (1, 3)],
            [Message(plain, node, "evaluate.personalized") for node in (1, 3)],
            [Message(plain, 1, "train"), Message(plain, 3, "evaluate")],
            [Message(plain, 1, "train")],
        ):
            assert answer(messages) == {}
    assert asked == [2]


def test_processor_time_is_shared_by_rows(world):
    make, sites = world
    content = contents(make())
    with in_process(client_app(sites), CLIENTS) as grid:
        answers = Together(sites)([Message(content, node, "train") for node in (1, 2)], grid.contexts)
    claims = [answers[node].content["metrics"] for node in (1, 2)]
    assert claims[0]["cpu-seconds"] > 0
    assert claims[0]["cpu-seconds"] * claims[1]["num-examples"] == pytest.approx(
        claims[1]["cpu-seconds"] * claims[0]["num-examples"]
    )


def test_the_rule_names_why_clients_take_turns(world, monkeypatch):
    make, _ = world
    assert alone_because(make().learner()) is None
    for told, why in (
        ({"network": OPTIONS | {"dropout": 0.1}}, "dropout"),
        ({"architecture": "ft_transformer", "network": {}}, "ft_transformer doesn't compute"),
        ({"architecture": "resnet_tabular", "network": {"hidden_dropout": 0.0}}, "running statistics"),
        ({"network": OPTIONS | {"width": 700, "depth": 2}}, "weights: above 250000"),
        ({"train": {"precision": "bf16"}}, "full precision"),
    ):
        assert why in str(alone_because(make(**told).learner())), told
    learner = make().learner()
    odd = dataclasses.replace(learner.work, pretrain=PretrainConfig(method="scarf"))
    assert alone_because(dataclasses.replace(learner, work=odd)) == "pretrain is done client by client"
    monkeypatch.setattr("assay.platform.federated.stacking._ELEMENTWISE", ())
    assert "sgd looks at all" in str(alone_because(learner))


def test_the_rule_is_about_networks_and_a_work_that_there_are():
    from assay.models.architectures import ARCHITECTURES
    from assay.platform.federated.stacking import _KNOWN

    assert set(STACKABLE) <= set(ARCHITECTURES)
    assert set(_KNOWN) <= {field.name for field in dataclasses.fields(Work)}


def test_large_images_and_views_take_turns(pictures):
    data = Dataset.open(pictures)
    told = Preprocessor.fit(data.table("train"), data.schema)

    def why(architecture, **train):
        job = Job(
            model=ModelConfig(architecture=architecture),
            train=TrainConfig(**{"augment": False} | train),
            federated=FederatedConfig(clients=2),
            preprocessor=told,
            clients=2,
        )
        return alone_because(job.learner())

    assert why("lenet") is None
    assert "views" in str(why("lenet", augment=True))
    assert "conv4 doesn't compute" in str(why("conv4"))
    with pytest.MonkeyPatch.context() as patch:
        limits = dataclasses.replace(STACKABLE["lenet"], pixels=10)
        patch.setattr("assay.platform.federated.stacking.STACKABLE", {"lenet": limits})
        assert "above 10 a stack isn't faster" in str(why("lenet"))
