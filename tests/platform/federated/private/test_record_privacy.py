"""Rounds that hide rows: what is planned, claimed and charged, and what of a training is told."""

import json

import numpy as np
import pytest
from assay.platform.exceptions import AssayError, CombinationError, ModelError, SpecError
from assay.platform.federated import client_app, server_app
from assay.platform.federated.config import PartitionConfig
from assay.platform.federated.private.common_rate import CommonRate
from assay.platform.federated.private.record_privacy import RecordPrivacy
from assay.platform.federated.secure.config import SecureConfig
from assay.platform.predictor.artifact import load_network
from assay.platform.privacy.config import PrivacyConfig
from assay.platform.privacy.noise import GaussianNoise
from assay.platform.privacy.self_check import check_sampling
from assay.platform.training.config import ModelConfig

pytest.importorskip("opacus")

MODEL = ModelConfig(architecture="mlp", options={"width": 8, "depth": 1, "token_width": 4, "dropout": 0.1})
TRAIN = {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 25, "keep": "last", "patience": None}
SHARES = {"clients": 4, "fraction": 0.5, "rounds": 3, "partition": PartitionConfig(by="quantity")}
BUDGET = {"epsilon": 4.0, "delta": 1e-3, "accountant": "rdp"}


def weights(folder):
    network, _ = load_network(folder)
    return np.concatenate([part.numpy().ravel() for part in network.state_dict().values()])


def planned(rows, **changes):
    told = {"batch_size": 64, "local_epochs": 2, "rounds": 10} | changes
    return RecordPrivacy.plan(PrivacyConfig(**{**BUDGET, "delta": 1e-5}), rows=rows, **told)


@pytest.mark.parametrize(("rows", "rounds"), [([640] * 5, 10), ([100, 300, 1500], 4), ([2000], 30)])
def test_epsilon_is_google_s_for_the_rows_of_a_client_that_took_part_throughout(rows, rounds):
    pytest.importorskip("dp_accounting")
    from dp_accounting import GaussianDpEvent, PoissonSampledDpEvent, pld

    private = planned(rows, rounds=rounds)
    mean = sum(rows) / len(rows)
    accountant = pld.PLDAccountant(value_discretization_interval=1e-3)
    noise = GaussianDpEvent(private.terms.noise_multiplier)
    accountant.compose(PoissonSampledDpEvent(64 / mean, noise), rounds * 2 * int(np.ceil(mean / 64)))
    config = PrivacyConfig(**{**BUDGET, "delta": 1e-5, "accountant": "prv"})
    tight = RecordPrivacy(
        config=config, clients=len(rows), rounds=rounds, steps=private.steps, terms=private.terms
    )
    assert tight.epsilon(rounds) == pytest.approx(accountant.get_epsilon(1e-5), rel=0.01)
    assert private.epsilon(rounds) <= 4.0


def test_every_client_s_rows_are_drawn_by_coins_of_one_rate():
    for rows in (7, 90, 3000):
        sampler = CommonRate(rows, rate=0.15, steps=7)
        check_sampling(sampler, epochs=40)
        drawn = [len(batch) for epoch in range(40) for batch in sampler.batches(epoch)]
        assert np.mean(drawn) == pytest.approx(0.15 * rows, abs=6 * np.sqrt(rows * 0.15 * 0.85 / 280))
    assert [len(batch) for batch in CommonRate(5, rate=1.0, steps=2).batches(0)] == [5, 5]


def test_the_claim_is_the_worst_client_s_and_each_is_told_its_own(run, tabular):
    out, details, said = run(tabular)
    claimed, told = details["privacy"], json.loads((out / "clients.json").read_text())
    steps = 3  # 300 rows of 4 clients, 75 on average, 25 a step
    assert said[0] == ("reserve", 3 * steps)
    most = max(row["asked"] for row in told["clients"])
    assert said[-1] == ("settle", most * steps)
    assert (claimed["unit"], claimed["clients"], claimed["canaries"]) == ("record", 4, 0)
    assert (claimed["sample_rate"], claimed["steps"]) == (pytest.approx(1 / 3), most * steps)
    assert claimed["secret_noise"] is True
    assert claimed["epsilon"] == max(row["epsilon"] for row in told["clients"]) <= 4.0
    for row in told["clients"]:
        assert (row["epsilon"] < claimed["epsilon"]) == (row["asked"] < most)
    history = json.loads((out / "history.json").read_text())
    assert not any("train_loss" in entry for entry in history)
    assert all("validation_loss" in entry for entry in history)
    assert details["clients_alone_because"] == "noise is drawn by each client from a stream of its own"


def test_the_same_noise_seed_gives_the_same_weights_and_secret_noise_does_not(run, tabular):
    seeded, again, secret = (
        weights(run(tabular, rounds=1, privacy={"noise_seed": seed})[0]) for seed in (4, 4, None)
    )
    np.testing.assert_array_equal(seeded, again)
    assert not np.array_equal(seeded, secret)


def test_clients_count_by_their_number_of_rows_and_not_by_the_rows_own_weights(run, prices, monkeypatch):
    counted, answer = [], client_app.trained

    def noted(learned, examples, *told):
        counted.append(examples)
        return answer(learned, examples, *told)

    monkeypatch.setattr(client_app, "trained", noted)
    out, details, _ = run(prices, fraction=1.0, rounds=1)
    rows = [row["train"] for row in json.loads((out / "clients.json").read_text())["clients"]]
    assert sorted(counted) == sorted(rows)
    assert "effort" not in details


def test_no_round_is_written_down_to_be_gone_on_from_with_other_noise(run, tabular, monkeypatch):
    monkeypatch.setattr(server_app, "RoundCheckpoints", lambda *told, **more: pytest.fail("written down"))
    run(tabular, rounds=1)


def test_clients_whose_noise_is_missing_leave_no_model_and_stay_charged(ledger, run, tabular, monkeypatch):
    monkeypatch.setattr(GaussianNoise, "fill", lambda noise, buffer, deviation: buffer.zero_())
    account = ledger()
    with pytest.raises(AssayError, match="isn't the one that is accounted for"):
        run(tabular, heard=account)
    assert account.said == [("reserve", 9), ("begin",), ("settle", 3)]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"strategy": "scaffold"}, "carry the noise"),
        ({"secure": SecureConfig(), "clients": 8, "fraction": 1.0}, "training losses"),
        ({"personalize": 1}, "no account counts"),
        ({"privacy": {"clipping": "adaptive"}}, "forgotten"),
        ({"privacy": {"canary_rows": 10}}, "wrong labels"),
        ({"privacy": {"delta": 1 / 300}}, "1 / 300 rows"),
        ({"train": {"batch_size": 80}}, "at most 75"),
        ({"train": {"mixup": 0.2}}, "gradient of its own"),
        ({"model": ModelConfig(architecture="resnet_tabular", options={"depth": 1})}, "BatchNorm|batch"),
    ],
)
def test_what_cannot_be_had_is_refused_before_anything_is_set_aside(ledger, run, tabular, told, said):
    account = ledger()
    with pytest.raises((CombinationError, SpecError, ModelError), match=said) as caught:
        run(tabular, heard=account, **told)
    assert caught.value.exit_code == 2
    assert caught.value.mend
    assert account.said == []
