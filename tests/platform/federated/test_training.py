"""The stage: from a dataset artifact to a model artifact, by rounds of clients that read their own rows."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.data.preprocess import Preprocessor
from assay.platform.data.text_config import TextConfig
from assay.platform.exceptions import CombinationError, DataError
from assay.platform.federated import client_app
from assay.platform.federated.config import FederatedConfig, PartitionConfig
from assay.platform.federated.partitions import NOBODY, Partition
from assay.platform.federated.sites import site_folder, write_sites
from assay.platform.federated.training import train_federated
from assay.platform.predictor.artifact import load_network
from assay.platform.training.config import ModelConfig, TrainConfig
from assay.platform.training.networks import build_network
from assay.platform.training.tables import labelled

MODEL = ModelConfig(architecture="mlp", options={"width": 16, "depth": 1, "token_width": 4, "dropout": 0.0})
USUAL = {"batch_size": 32, "learning_rate": 1e-2, "schedule": "constant"}
PLAIN = {"optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 0.0, "clip": None, "schedule": "constant"}


@pytest.fixture
def run(tmp_path):
    """Run the stage: the folder that it filled, and its details."""
    runs = iter(range(100))

    def go(dataset, *, model=MODEL, train=None, preprocessor=None, **told):
        out = tmp_path / f"model{next(runs)}"
        out.mkdir()
        partition = PartitionConfig(**told.pop("partition", {}))
        details = train_federated(
            dataset=dataset,
            model=model,
            config=TrainConfig(**USUAL | (train or {})),
            federated=FederatedConfig(**{"rounds": 2, "partition": partition} | told),
            out=out,
            scratch=tmp_path / "scratch",
            preprocessor=preprocessor,
        )
        return out, details

    return go


def read(folder, name):
    return json.loads((folder / name).read_text())


def test_one_client_with_full_batches_is_centralised_gradient_descent(run, tabular):
    out, _ = run(tabular, train=PLAIN | {"batch_size": 1000, "patience": None}, clients=1, rounds=3)
    data = Dataset.open(tabular)
    preprocessor = Preprocessor.fit(data.table("train"), data.schema)
    network = build_network(MODEL, preprocessor, 0)
    rows = labelled(preprocessor, data.table("train"), torch.device("cpu"))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(*rows.inputs), rows.target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    learned, _ = load_network(out)
    for got, expected in zip(learned.state_dict().values(), network.state_dict().values(), strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-7)
    history = read(out, "history.json")
    assert [entry["train_loss"] for entry in history] == pytest.approx(losses, rel=1e-6)
    assert [entry["epoch"] for entry in history] == [1, 2, 3]


def test_equal_clients_with_full_batches_are_centralised_gradient_descent_too(run, tabular):
    """The mean of gradients over parts of equal size is the gradient over all rows."""
    settings = PLAIN | {"batch_size": 1000, "patience": None}
    one, _ = run(tabular, train=settings, clients=1, rounds=2)
    ten, _ = run(tabular, train=settings, clients=10, rounds=2)
    for name, part in load_network(one)[0].state_dict().items():
        torch.testing.assert_close(load_network(ten)[0].state_dict()[name], part, rtol=1e-4, atol=1e-6)


def test_the_same_spec_gives_the_same_bytes(run, tabular):
    told = {"clients": 5, "fraction": 0.6, "rounds": 3, "partition": {"by": "dirichlet"}}
    first, second = run(tabular, **told)[0], run(tabular, **told)[0]
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file())
    assert all((first / file).read_bytes() == (second / file).read_bytes() for file in files)
    other, _ = run(tabular, **told, train={"seed": 1})
    assert (first / "weights/model.safetensors").read_bytes() != (
        other / "weights/model.safetensors"
    ).read_bytes()


def test_it_learns(run, tabular):
    out, details = run(tabular, clients=5, rounds=12, local_epochs=3, train={"patience": None})
    history = read(out, "history.json")
    majority = 0.52  # of the validation rows are of one class
    assert history[0]["validation_accuracy"] < majority + 0.1
    assert history[details["best_epoch"] - 1]["validation_accuracy"] > majority + 0.15
    assert (
        min(entry["validation_loss"] for entry in history)
        == history[details["best_epoch"] - 1]["validation_loss"]
    )


def test_rounds_stop_when_no_client_gains(run, tabular):
    _, details = run(
        tabular, clients=3, rounds=30, local_epochs=5, train={"patience": 1, "learning_rate": 0.1}
    )
    assert details["epochs"] == details["best_epoch"] + 1 < 30


def test_the_last_round_is_kept_where_that_is_asked_for(run, tabular):
    train = {"patience": 1, "learning_rate": 0.1, "keep": "last"}
    _, details = run(tabular, clients=3, rounds=30, local_epochs=5, train=train)
    assert details["best_epoch"] == details["epochs"] < 30


def test_the_clients_are_told_one_by_one(run, tabular):
    out, details = run(
        tabular,
        clients=4,
        rounds=2,
        fraction=0.5,
        personalize=2,
        partition={"by": "label_shards", "shards": 1},
    )
    told = read(out, "clients.json")
    assert details["clients"] == 4
    assert sum(row["train"] for row in told["clients"]) == 300
    assert sum(row["validation"] for row in told["clients"]) == 100
    assert sum(row["counted"] for row in told["clients"]) == 4
    assert told["faults"] == []
    assert told["strategy"] == {"name": "fedavg"}
    for row in told["clients"]:
        assert {"validation_accuracy", "validation_loss", "personalized_accuracy"} <= set(row)
    one_label = [row for row in told["clients"] if 0 in row["labels"].values()]
    assert one_label
    assert all(row["personalized_loss"] < row["validation_loss"] for row in one_label)


def test_a_column_names_the_clients(run, tabular):
    out, _ = run(tabular, partition={"by": "column", "column": "job"})
    assert [row["client"] for row in read(out, "clients.json")["clients"]] == [
        "(empty)",
        "clerk",
        "nurse",
        "smith",
    ]
    with pytest.raises(DataError, match="jib"):
        run(tabular, partition={"by": "column", "column": "jib"})


@pytest.mark.parametrize("strategy", ["fedprox", "scaffold", "fedadam", "krum"])
def test_strategies_run_through_the_stage(run, tabular, strategy):
    options = {"num_malicious_nodes": 0} if strategy == "krum" else {}
    out, details = run(tabular, clients=4, strategy=strategy, options=options, train=PLAIN)
    assert details["faults"] == 0
    load_network(out)


def test_regression_is_dealt_by_tenths_of_the_target_and_weighs_rows(run, prices):
    out, _ = run(prices, clients=3, partition={"by": "dirichlet", "alpha": 0.2})
    told = read(out, "clients.json")
    assert next(iter(told["clients"][0]["labels"])) == "part 1 of 10"
    assert all("validation_accuracy" not in row for row in told["clients"])
    assert "validation_accuracy" not in read(out, "history.json")[0]


def test_images_learn_by_rounds_from_views(run, pictures):
    model = ModelConfig(architecture="resnet_small", options={"channels": 8})
    out, details = run(pictures, model=model, clients=3, rounds=2)
    assert details["faults"] == 0
    load_network(out)


def test_texts_learn_by_rounds(run, tmp_path):
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 2, 160)
    words = np.array([["cold", "dull", "the", "film"], ["warm", "great", "the", "film"]])
    lines = [f"{' '.join(draw.choice(words[code], 6))},{['no', 'yes'][code]}" for code in codes]
    (tmp_path / "texts.csv").write_text("\n".join(["review,label", *lines]) + "\n")
    dataset = tmp_path / "texts"
    dataset.mkdir()
    source = f"csv:{tmp_path / 'texts.csv'}"
    text = TextConfig(tokenizer="words", vocabulary=300, length=8)
    ingest(DataConfig(source=source, target="label", text=text), out=dataset)
    model = ModelConfig(architecture="gru", options={"token_width": 8, "width": 8})
    out, details = run(dataset, model=model, clients=3, rounds=4, local_epochs=3, train={"patience": None})
    assert details["faults"] == 0
    assert read(out, "history.json")[-1]["validation_accuracy"] > 0.9


def test_given_preprocessing_is_used_and_named(run, tabular):
    data = Dataset.open(tabular)
    given = Preprocessor.fit(data.table("validation"), data.schema)
    out, details = run(tabular, clients=2, preprocessor=given)
    assert details["preprocessing"] == "given"
    assert load_network(out)[1] == given
    assert run(tabular, clients=2)[1]["preprocessing"] == "train rows of all clients"


def test_what_rounds_have_no_room_for_is_refused(run, tabular):
    for key, value in (
        ("mode", "linear_probe"), ("workers", 2), ("schedule", "plateau"), ("accumulate", 2), ("ema", 0.9),
    ):  # fmt: skip
        with pytest.raises(CombinationError, match=f"train.{key} can't be had with federated"):
            run(tabular, train={key: value})


def test_nothing_of_the_clients_is_left_behind(run, tabular, tmp_path):
    run(tabular, clients=3)
    assert list((tmp_path / "scratch").iterdir()) == []
    assert client_app._site.cache_info().currsize == 0


def test_a_clients_folder_holds_its_rows_and_nothing_else(tabular, tmp_path):
    data = Dataset.open(tabular)
    tables = {split: data.table(split) for split in ("train", "validation")}
    draw = np.random.default_rng(0)
    dealt = Partition(("a", "b"), draw.integers(0, 2, 300), draw.integers(NOBODY, 2, 100))
    write_sites(data, tables, dealt, tmp_path)
    for client in range(2):
        folder = site_folder(tmp_path, client)
        assert sorted(path.name for path in folder.iterdir()) == [
            "datasheet.json", "schema.json", "train.parquet", "validation.parquet",
        ]  # fmt: skip
        assert folder.stat().st_mode & 0o077 == 0
        for split, owner in (("train", dealt.train), ("validation", dealt.validation)):
            mine = pq.read_table(folder / f"{split}.parquet")
            assert mine.equals(tables[split].filter(pa.array(owner == client)))
