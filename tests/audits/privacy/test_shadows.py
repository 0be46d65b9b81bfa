"""A stack of networks, against the same networks trained one by one."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from assay.audits.privacy.shadows import Recipe, Shadows, halves, train_shadows
from assay.models.catalog import build
from assay.models.inputs import ImageInput, TabularInput
from assay.models.optimizers import OPTIMIZERS, build_optimizer
from assay.platform.exceptions import ModelError
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

TABLE = TabularInput(numeric=2, cardinalities=(4,), bins=((-2.0, 0.0, 2.0), (-2.0, 0.5, 2.0)))
IMAGE = ImageInput(channels=1, height=8, width=8)
ROWS, MODELS = 48, 4
ARCHITECTURES = {
    "mlp": (TABLE, {"width": 16, "dropout": 0.0}),
    "ft_transformer": (TABLE, {"width": 16, "depth": 1, "dropout": 0.0, "attention_dropout": 0.0}),
    "resnet_small": (IMAGE, {"channels": 8}),
    "vit_small": (IMAGE, {"width": 16, "depth": 1, "heads": 2, "dropout": 0.0}),
}


def data(shape: object) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = torch.randint(0, 2, (ROWS,), generator=generator)
    if shape is IMAGE:
        return (torch.rand(ROWS, 1, 8, 8, generator=generator),), target
    codes = torch.randint(0, 4, (ROWS, 1), generator=generator)
    return (torch.randn(ROWS, 2, generator=generator), codes), target


def one_by_one(name: str, recipe: Recipe, included: np.ndarray) -> np.ndarray:
    """The same initial weights and batches, plain PyTorch otherwise."""
    shape, options = ARCHITECTURES[name]
    inputs, target = data(shape)
    own = torch.from_numpy(np.stack([np.flatnonzero(of) for of in included]))
    torch.manual_seed(recipe.seed)
    networks = [build(name, shape, 2, **options) for _ in own]
    orders = [own.gather(1, torch.rand(own.shape).argsort(dim=1)) for _ in range(recipe.epochs)]
    for model, network in enumerate(networks):
        optimizer = build_optimizer(
            recipe.optimizer,
            network,
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
        )
        for index in (batch for order in orders for batch in order[model].split(recipe.batch_size)):
            optimizer.zero_grad()
            loss = F.cross_entropy(
                network(*(part[index] for part in inputs)),
                target[index],
                label_smoothing=recipe.label_smoothing,
            )
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), recipe.clip or 1e9)
            optimizer.step()
    return np.stack([network.eval()(*inputs).detach().double().numpy() for network in networks])


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [
        *((name, optimizer) for name in sorted(ARCHITECTURES) for optimizer in ("adamw", "sgd")),
        *(("mlp", optimizer) for optimizer in OPTIMIZERS if optimizer not in ("adamw", "sgd")),
    ],
)
def test_a_stack_learns_what_its_networks_learn_alone(name, optimizer):
    shape, options = ARCHITECTURES[name]
    recipe = Recipe(
        epochs=2,
        batch_size=10,
        learning_rate=1e-2,
        weight_decay=0.1,
        optimizer=optimizer,
        clip=0.2,
        label_smoothing=0.1,
        seed=3,
    )
    included = halves(MODELS, ROWS, rng=np.random.default_rng(0))
    shadows = train_shadows(lambda: build(name, shape, 2, **options), *data(shape), included, recipe)
    ours = shadows.outputs(data(shape)[0])
    assert ours.shape == (MODELS, ROWS, 2)
    np.testing.assert_allclose(ours, one_by_one(name, recipe, included), atol=5e-3)


def test_dropout_differs_from_model_to_model_and_repeats_with_the_seed():
    inputs, target = data(TABLE)
    same = np.repeat(halves(2, ROWS, rng=np.random.default_rng(0))[:1], 4, axis=0)

    def make() -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(7)
            return build("mlp", TABLE, 2, dropout=0.5)

    recipe = Recipe(epochs=1, batch_size=ROWS, learning_rate=1e-2)  # one batch: only dropout can differ
    told = [train_shadows(make, inputs, target, same, recipe).outputs(inputs) for _ in range(2)]
    np.testing.assert_array_equal(*told)
    assert np.abs(told[0][0] - told[0][1]).max() > 1e-4


def test_the_schedule_is_followed():
    inputs, target = data(TABLE)
    included = halves(2, ROWS, rng=np.random.default_rng(0))
    still = Recipe(epochs=1, batch_size=8, learning_rate=1.0, schedule=lambda step: 0.0)
    torch.manual_seed(still.seed)
    expected = [build("mlp", TABLE, 2).eval()(*inputs).detach().numpy() for _ in range(2)]
    found = train_shadows(lambda: build("mlp", TABLE, 2), inputs, target, included, still).outputs(inputs)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_training_leaves_the_caller_s_generator_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    inputs, target = data(TABLE)
    included = halves(2, ROWS, rng=np.random.default_rng(0))
    train_shadows(
        lambda: build("mlp", TABLE, 2),
        inputs,
        target,
        included,
        Recipe(epochs=1, batch_size=8, learning_rate=0.1),
    )
    assert torch.equal(before, torch.get_rng_state())


def test_batch_norm_is_refused_with_its_replacement():
    with pytest.raises(ModelError, match="GroupNorm"):
        Shadows([nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)) for _ in range(2)])


@settings(deadline=None)
@given(st.integers(1, 8), st.integers(2, 31), st.integers(0, 2**32))
def test_each_model_sees_half_of_the_rows_and_each_row_is_in_half_of_the_models(pairs, rows, seed):
    included = halves(2 * pairs, rows, rng=np.random.default_rng(seed))
    assert np.all(included.sum(axis=1) == rows // 2)
    assert not np.any(included[::2] & included[1::2])
    if rows % 2 == 0:
        assert np.all(included.sum(axis=0) == pairs)
