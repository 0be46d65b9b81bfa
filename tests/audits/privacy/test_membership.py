"""Membership attacks: numbers against other libraries, a planted leak, and a model that has none."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from assay.audits.privacy.confidence import loss_threshold
from assay.audits.privacy.lira import likelihood_ratio
from assay.audits.privacy.membership import measure
from assay.audits.privacy.shadows import Recipe, shadow_confidences
from assay.models.catalog import build
from assay.models.inputs import TabularInput
from sklearn.metrics import roc_auc_score

ROWS = 240
TABLE = TabularInput(numeric=8, cardinalities=())
RECIPE = Recipe(epochs=60, batch_size=20, learning_rate=5e-3, seed=1)


def make() -> torch.nn.Module:
    return build("mlp", TABLE, 2, width=64, dropout=0.0, encoding="linear")


def noisy_world(seed: int) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
    """Labels that have nothing to do with the inputs: what a model knows of them, it knows by heart."""
    generator = torch.Generator().manual_seed(seed)
    numeric = torch.randn(ROWS, TABLE.numeric, generator=generator)
    return (numeric, torch.zeros(ROWS, 0, dtype=torch.long)), torch.randint(
        0, 2, (ROWS,), generator=generator
    )


def attacked(
    inputs: tuple[torch.Tensor, ...], target: torch.Tensor, member: np.ndarray, epochs: int
) -> np.ndarray:
    """Logits of a model that was trained on the members for so many epochs."""
    torch.manual_seed(2)
    network, own = make(), torch.from_numpy(np.flatnonzero(member))
    optimizer = torch.optim.AdamW(network.parameters(), lr=RECIPE.learning_rate, weight_decay=0.0)
    for _ in range(epochs):
        for index in own[torch.randperm(len(own))].split(RECIPE.batch_size):
            optimizer.zero_grad()
            F.cross_entropy(network(*(part[index] for part in inputs)), target[index]).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
    return network(*inputs).detach().double().numpy()


@pytest.fixture(scope="module")
def member():
    return np.random.default_rng(0).permutation(ROWS) < ROWS // 2


@pytest.fixture(scope="module")
def leaky(member):
    inputs, target = noisy_world(0)
    return inputs, target, attacked(inputs, target, member, epochs=60)


@pytest.fixture(scope="module")
def honest(member):
    inputs, target = noisy_world(0)
    return inputs, target, attacked(inputs, target, member, epochs=0)


def test_the_loss_finds_a_model_that_learned_by_heart(leaky, member):
    _, target, logits = leaky
    found = measure(loss_threshold(logits, target.numpy()), member).values["mia_auc"]
    assert found["low"] > 0.65


def test_the_loss_finds_nothing_in_a_model_that_never_trained(honest, member):
    _, target, logits = honest
    found = measure(loss_threshold(logits, target.numpy()), member).values["mia_auc"]
    assert found["low"] < 0.5 < found["high"]


def test_the_likelihood_ratio_finds_the_first_and_nothing_in_the_second(leaky, honest, member):
    inputs, target, _ = leaky
    shadows = shadow_confidences(make, inputs, target, RECIPE, models=8)
    areas = {
        (name, online): measure(
            likelihood_ratio(logits, target.numpy(), shadows, online=online), member
        ).values["mia_auc"]
        for name, (_, _, logits) in {"leaky": leaky, "honest": honest}.items()
        for online in (True, False)
    }
    by_loss = measure(loss_threshold(leaky[2], leaky[1].numpy()), member).values["mia_auc"]
    assert areas["leaky", True]["low"] > 0.7
    assert areas["leaky", False]["low"] > 0.65
    assert areas["leaky", True]["value"] > by_loss["value"]  # half of the others are right by chance, too
    assert areas["honest", True]["low"] < 0.5 < areas["honest", True]["high"]
    assert areas["honest", False]["low"] < 0.5 < areas["honest", False]["high"]


def test_the_area_is_scikit_learn_s_and_its_limits_hold_chance_for_a_blind_attack():
    rng, covered = np.random.default_rng(1), 0
    for _ in range(400):
        member = rng.random(120) < 0.4
        scores = rng.standard_normal(120)
        found = measure(scores, member).values["mia_auc"]
        assert found["value"] == pytest.approx(roc_auc_score(member, scores))
        covered += found["low"] <= 0.5 <= found["high"]
    assert covered / 400 > 0.92


def test_a_rate_without_ten_alarms_is_missing_with_the_reason():
    rng = np.random.default_rng(2)
    member = np.arange(2000) < 1000
    found = measure(member + rng.standard_normal(2000), member, rates=(0.01, 0.001))
    assert 0 < found.values["mia_tpr"]["0.01"]["low"] < found.values["mia_tpr"]["0.01"]["high"] < 1
    assert "0.001" not in found.values["mia_tpr"]
    assert "10000 non-members" in found.missing["/mia_tpr/0.001"]
    one_sided = found.values["mia_tpr"]["0.01"]["one_sided"]
    assert (
        found.values["mia_tpr"]["0.01"]["low"]
        <= one_sided[0]
        < one_sided[1]
        <= found.values["mia_tpr"]["0.01"]["high"]
    )


@pytest.mark.parametrize(
    ("scores", "member"),
    [([1.0, 2.0, 3.0], [True, False, False]), ([1.0, 2.0, 3.0, np.nan], [True, True, False, False])],
)
def test_without_two_rows_of_each_kind_or_with_unknown_scores_everything_is_missing(scores, member):
    found = measure(np.array(scores), np.array(member))
    assert found.values == {}
    assert set(found.missing) == {"/mia_auc", "/mia_tpr", "/roc"}
