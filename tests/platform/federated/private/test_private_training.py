"""Private rounds from a dataset artifact to a model artifact: bounded, charged, silent on who took part."""

import json

import numpy as np
import pytest
from assay.platform.data.codebook import preprocessor_from_codebook
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.exceptions import CombinationError, SpecError
from assay.platform.federated import answers, server_app
from assay.platform.federated.config import FederatedConfig, PartitionConfig
from assay.platform.federated.private import client_privacy, planned
from assay.platform.federated.private.noisy_mean import NoisyMean
from assay.platform.federated.training import train_federated
from assay.platform.predictor.artifact import load_network
from assay.platform.privacy.canaries.scores import CANARIES, CanaryScores
from assay.platform.privacy.config import PrivacyConfig
from assay.platform.training.config import ModelConfig, TrainConfig

pytest.importorskip("opacus")

MODEL = ModelConfig(architecture="mlp", options={"width": 8, "depth": 1, "token_width": 4, "dropout": 0.0})
TRAIN = {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 16, "keep": "last", "patience": None}
SHARES = {"clients": 30, "fraction": 0.2, "rounds": 3}
BUDGET = {"unit": "client", "epsilon": 8.0, "delta": 1e-3, "accountant": "rdp", "canaries": 100}


def weights(folder) -> np.ndarray:
    network, _ = load_network(folder)
    return np.concatenate([part.numpy().ravel() for part in network.state_dict().values()])


def test_a_private_training_says_what_it_claims_and_not_who_took_part(run, tabular):
    out, details, said = run(tabular)
    assert said == [("reserve", 3), ("begin",), ("settle", 3)]
    assert details["privacy"]["epsilon"] <= 8.0
    assert (details["privacy"]["sample_rate"], details["privacy"]["steps"]) == (0.2, 3)
    assert details["privacy"]["secret_noise"] is True
    assert not {"faults", "effort"} & set(details)
    told = json.loads((out / "clients.json").read_text())
    assert set(told) == {"partition", "strategy", "preprocessing", "clients"}
    assert not {"asked", "counted"} & {key for row in told["clients"] for key in row}
    history = json.loads((out / "history.json").read_text())
    assert {key for entry in history for key in entry} <= {"epoch", "validation_loss", "validation_accuracy"}
    assert len(CanaryScores.from_parquet(out / CANARIES).scores) == 100


def test_the_same_noise_seed_gives_the_same_weights_and_secret_noise_does_not(run, tabular):
    seeded, again, secret = (
        weights(run(tabular, rounds=1, privacy={"noise_seed": seed})[0]) for seed in (4, 4, None)
    )
    np.testing.assert_array_equal(seeded, again)
    assert not np.array_equal(seeded, secret)


@pytest.mark.parametrize("cut_at_clients", [True, False])
def test_clients_move_the_weights_by_no_more_than_their_share_of_the_bound(
    run, tabular, monkeypatch, cut_at_clients
):
    """Also where every client ignores the bound, and learns at a rate that ruins it."""
    if not cut_at_clients:
        monkeypatch.setattr(answers, "clipped", lambda before, after, bound: (after, True))
    monkeypatch.setattr(client_privacy, "check_sampling", lambda sampler: None)
    settings = {"fraction": 1.0, "rounds": 1, "train": {"learning_rate": 3.0}}
    quiet = {"epsilon": 1e6, "max_grad_norm": 0.01, "noise_seed": 1}
    start = weights(run(tabular, **settings, privacy=quiet | {"max_grad_norm": 1e-9})[0])
    out, details, _ = run(tabular, **settings, privacy=quiet)
    noise = details["privacy"]["noise_over_bound"] * 0.01
    assert np.linalg.norm(weights(out) - start) <= 0.01 + 1.5 * noise + 1e-5


def test_a_training_that_dies_is_charged_for_the_rounds_that_began(ledger, run, tabular, monkeypatch):
    release = NoisyMean.release

    def dies(self, answers):
        if self.releases == 1 and self.canaries is not None:  # the one of the trial has none
            raise MemoryError("killed")
        return release(self, answers)

    monkeypatch.setattr(NoisyMean, "release", dies)
    account = ledger()
    with pytest.raises(MemoryError):
        run(tabular, heard=account)
    assert account.said == [("reserve", 3), ("begin",), ("settle", 2)]


def test_no_round_is_written_down_to_be_gone_on_from_with_other_noise(run, tabular, monkeypatch):
    def written(*told, **more):
        pytest.fail("a round was written down")

    monkeypatch.setattr(server_app, "RoundCheckpoints", written)
    _, details, _ = run(tabular, rounds=1)
    assert details["privacy"]["steps"] == 1


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"strategy": "krum", "options": {"num_malicious_nodes": 1}}, "compares single clients"),
        ({"strategy": "scaffold"}, "control variates"),
        ({"least": 2}, "left to chance"),
        ({"fraction": 0.01}, "less than one client"),
        (
            {"clients": None, "partition": PartitionConfig(by="column", column="job", minimum=2)},
            "hides none by itself",
        ),
        ({"contributions": "leave_one_out"}, "what they taught"),
        ({"outliers": 0.05}, "what they taught"),
        ({"privacy": {"unit": "job"}}, "hides whole clients"),
        ({"privacy": {"clipping": "per_layer"}}, "one bound"),
        ({"privacy": {"physical_batch": 8}}, "no gradient of a single row"),
        ({"privacy": {"delta": 1 / 30}}, "1 / 30 clients"),
        ({"model": ModelConfig(architecture="resnet_tabular", options={"depth": 1})}, "BatchNorm"),
    ],
)
def test_what_cannot_be_had_is_refused_before_anything_is_set_aside(ledger, run, tabular, told, said):
    account = ledger()
    with pytest.raises((CombinationError, SpecError), match=said) as caught:
        run(tabular, heard=account, **told)
    assert caught.value.exit_code == 2
    assert caught.value.mend
    assert account.said == []


def test_clients_by_a_column_are_hidden_too(run, tabular):
    out, details, _ = run(
        tabular, clients=None, fraction=1.0, partition=PartitionConfig(by="column", column="job")
    )
    named = [row["client"] for row in json.loads((out / "clients.json").read_text())["clients"]]
    assert details["privacy"]["clients"] == len(named) == details["privacy"]["clients_a_round"]
    assert details["privacy"]["unit"] == planned.CLIENT


@pytest.mark.slow
def test_five_hundred_clients_of_adult_learn_within_an_epsilon_of_3(tmp_path):
    data = DataConfig(source="builtin:adult", codebook="builtin")
    dataset, out = tmp_path / "adult", tmp_path / "model"
    dataset.mkdir()
    out.mkdir()
    ingest(data, out=dataset)
    details = train_federated(
        dataset=dataset,
        model=ModelConfig(architecture="perceptron"),
        config=TrainConfig(
            optimizer="sgd", learning_rate=0.5, weight_decay=0.0, batch_size=32, schedule="constant",
            keep="last", patience=None,
        ),
        federated=FederatedConfig(clients=500, rounds=20, fraction=0.2),
        out=out,
        scratch=tmp_path / "scratch",
        preprocessor=preprocessor_from_codebook(data, Dataset.open(dataset).schema),
        privacy=PrivacyConfig(unit="client", epsilon=3.0, delta=1e-4, max_grad_norm=0.5, noise_seed=0),
    )  # fmt: skip
    assert 2.9 < details["privacy"]["epsilon"] <= 3.0
    assert details["preprocessing"] == "given"
    scores = [entry["validation_accuracy"] for entry in json.loads((out / "history.json").read_text())]
    assert np.median(scores[-10:]) > 0.79  # three of four earn less: 0.76 is nothing learned
