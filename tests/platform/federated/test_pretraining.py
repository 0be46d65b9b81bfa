"""Self-supervised learning by rounds: what is averaged, what is told, and that it teaches something."""

import json

import pytest
import torch
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.data.preprocess import Preprocessor
from assay.platform.exceptions import CombinationError
from assay.platform.federated.client_app import client_app
from assay.platform.federated.config import FederatedConfig
from assay.platform.federated.dealing import deal
from assay.platform.federated.grids.in_process import in_process
from assay.platform.federated.job import Job, read_job, write_job
from assay.platform.federated.local import Learner, Site, learn
from assay.platform.federated.messages import tensors_of, weights_of
from assay.platform.federated.pretraining import pretrain_federated
from assay.platform.federated.server_app import lead
from assay.platform.federated.sites import site_folder, write_sites
from assay.platform.federated.training import train_federated
from assay.platform.predictor.artifact import load_network
from assay.platform.training.config import ModelConfig, PretrainConfig, TrainConfig

SMALL = ModelConfig(architecture="lenet")
RESIDUAL = ModelConfig(architecture="resnet_small")


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    ingest(DataConfig(source="builtin:digits"), out=folder)
    return folder


@pytest.fixture
def job(digits):
    """A job of two clients, and whose rows are whose."""

    def make(method: str, **settings):
        data = Dataset.open(digits)
        told = Preprocessor.fit(data.table("train"), data.schema)
        config = PretrainConfig(**{"method": method, "batch_size": 128, "schedule": "constant"} | settings)
        federated = FederatedConfig(clients=2, pretrain_rounds=1)
        made = Job(
            model=SMALL,
            train=TrainConfig(),
            federated=federated,
            preprocessor=told,
            clients=2,
            pretrain=config,
        )
        return made, data, deal(data, told, federated, 0)

    return make


@pytest.mark.parametrize("method", ["simclr", "byol", "barlow_twins"])
def test_a_round_is_the_mean_of_all_that_each_clients_objective_learned(job, method, tmp_path):
    made, data, dealt = job(method)
    write_sites(data, dealt.tables, dealt.partition, tmp_path)
    with in_process(client_app(tmp_path), 2) as grid:
        got = tensors_of(lead(grid, made).arrays)
    start, answers, sizes = weights_of(made.learner().learned), [], []
    for client in range(2):
        site = Site.open(site_folder(tmp_path, client), made.work, client)
        assert site.rows.target is None, "labels have no part in it"
        answers.append(learn(Learner.build(made.work), site, start, round_number=1, factor=1.0).weights)
        sizes.append(len(site.rows))
    assert any(name.startswith("projection") for name in got), "more is learned than the network"
    for name, part in got.items():
        mean = sum(answer[name] * size for answer, size in zip(answers, sizes, strict=True)) / sum(sizes)
        torch.testing.assert_close(part, mean, rtol=1e-5, atol=1e-6)


def test_pretraining_by_rounds_teaches_and_training_by_rounds_starts_from_it(digits, tmp_path):
    pretrained, out = tmp_path / "pretrained", tmp_path / "model"
    pretrained.mkdir()
    out.mkdir()
    federated = FederatedConfig(clients=3, pretrain_rounds=12, rounds=1)
    train = TrainConfig(labels_per_class=10, batch_size=32, learning_rate=1e-9, optimizer="sgd")
    told = pretrain_federated(
        dataset=digits,
        model=RESIDUAL,
        config=PretrainConfig(method="simclr", learning_rate=3e-3, batch_size=64),
        train=train,
        federated=federated,
        out=pretrained,
        scratch=tmp_path / "scratch",
    )
    found = json.loads((pretrained / "evaluation.json").read_text())
    assert found["after"]["linear_probe"] > found["before"]["linear_probe"] + 0.03
    assert not found["collapsed"]
    assert told["collapsed"] is False
    history = json.loads((pretrained / "history.json").read_text())
    assert [entry["epoch"] for entry in history] == [*range(1, 13)]
    assert "validation_accuracy" not in (pretrained / "history.json").read_text()
    train_federated(
        dataset=digits,
        model=RESIDUAL,
        config=train,
        federated=federated,
        out=out,
        scratch=tmp_path / "scratch",
        pretrained=pretrained,
    )
    learned, started = load_network(pretrained)[0].state_dict(), load_network(out)[0].state_dict()
    for name, part in started.items():  # at so small a rate nothing moves
        if not name.startswith("head."):
            torch.testing.assert_close(part, learned[name], rtol=0, atol=1e-6)
    clients = [json.loads((folder / "clients.json").read_text())["clients"] for folder in (pretrained, out)]
    assert [row["client"] for row in clients[0]] == [row["client"] for row in clients[1]]
    assert all(few["train"] <= every["train"] for every, few in zip(*clients, strict=True))


def test_a_job_of_pretraining_survives_its_file(job, tmp_path):
    made, *_ = job("vicreg")
    write_job(made, tmp_path / "job.json")
    again = read_job(tmp_path / "job.json")
    assert again.work == made.work
    assert again.pretrain == made.pretrain


def test_scaffold_corrects_plain_descent_alone_also_in_pretraining(job):
    made, *_ = job("simclr")
    wrong = Job(**{**vars(made), "federated": FederatedConfig(clients=2, strategy="scaffold")})
    with pytest.raises(CombinationError, match="plain SGD"):
        wrong.check()
