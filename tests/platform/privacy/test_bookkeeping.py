"""The engine on whole networks, against Opacus's hooks and against a loop over samples."""

import weakref

import pytest
import torch
import torch.nn.functional as F
from assay.models.attention import SelfAttention
from assay.models.ft_transformer import FTTransformer
from assay.models.inputs import ImageInput, TabularInput
from assay.models.mlp import MLP
from assay.models.resnet_small import ResNetSmall
from assay.models.vit_small import ViTSmall
from assay.platform.exceptions import ModelError
from assay.platform.privacy.bookkeeping import BookKeeping
from assay.platform.privacy.choice import Choice
from torch import nn

OPACUS_WARNINGS = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


class Attending(nn.Module):
    """Embedded tokens and positions, attention, a norm, a head."""

    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(11, 8), nn.Embedding(6, 8)
        self.attention, self.norm, self.head = SelfAttention(8, 2), nn.LayerNorm(8), nn.Linear(8, 3)

    def forward(self, tokens):
        places = torch.arange(tokens.shape[1]).expand(len(tokens), -1)
        mixed = self.tokens(tokens) + self.positions(places)
        return self.head(self.norm(mixed + self.attention(mixed)).mean(1))


class Tied(nn.Module):
    """An embedding whose table is also the output layer's weight."""

    def __init__(self):
        super().__init__()
        self.embedding, self.inner, self.out = nn.Embedding(9, 5), nn.Linear(5, 5), nn.Linear(5, 9)
        self.out.weight = self.embedding.weight

    def forward(self, tokens):
        return self.out(F.relu(self.inner(self.embedding(tokens))))


class Twice(nn.Module):
    """The same layer, two times in a row."""

    def __init__(self):
        super().__init__()
        self.layer, self.norm = nn.Linear(5, 5), nn.LayerNorm(5)

    def forward(self, rows):
        return self.norm(self.layer(torch.tanh(self.norm(self.layer(rows)))))


NETWORKS = {
    "mlp": lambda: (nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 3)), torch.randn(12, 6)),
    "cnn": lambda: (
        nn.Sequential(
            *(nn.Conv2d(1, 4, 5, 2, 2), nn.ReLU(), nn.MaxPool2d(2, 1)),
            *(nn.Conv2d(4, 6, 3, groups=2), nn.GroupNorm(3, 6), nn.ReLU(), nn.Flatten()),
            nn.Linear(54, 5),
        ),
        torch.randn(12, 1, 12, 12),
    ),
    "conv1d": lambda: (
        nn.Sequential(nn.Conv1d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv1d(4, 2, 2)),
        torch.randn(9, 3, 11),
    ),
    "transformer": lambda: (Attending(), torch.randint(0, 11, (12, 6))),
}


@OPACUS_WARNINGS
@pytest.mark.parametrize("name", NETWORKS)
def test_clipped_sums_equal_those_of_opacus_hooks(name, same_as_opacus):
    pytest.importorskip("opacus")
    module, inputs = NETWORKS[name]()
    same_as_opacus(module, inputs)


@OPACUS_WARNINGS
def test_a_frozen_layer_is_as_with_opacus(same_as_opacus):
    pytest.importorskip("opacus")
    module, inputs = NETWORKS["mlp"]()
    module[0].requires_grad_(False)
    same_as_opacus(module, inputs)


def test_tied_weights_have_one_norm(same_as_one_by_one):
    same_as_one_by_one(Tied(), torch.randint(0, 9, (7, 4)))


def test_a_layer_that_is_called_twice_has_one_norm(same_as_one_by_one):
    same_as_one_by_one(Twice(), torch.randn(7, 5))
    same_as_one_by_one(Twice(), torch.randn(7, 3, 5))


def test_a_layer_that_the_loss_does_not_use_has_gradient_zero(same_as_one_by_one):
    module = nn.Sequential(nn.Linear(4, 3), nn.Tanh())
    module.spare = nn.Linear(2, 2)
    module.forward = lambda rows: module[1](module[0](rows))
    same_as_one_by_one(module, torch.randn(5, 4))


def catalog():
    table = TabularInput(numeric=2, cardinalities=(3, 4), bins=((0.0, 1.0, 2.0), (0.0, 0.5)))
    rows = torch.randn(6, 2), torch.randint(0, 3, (6, 2))
    image, images = ImageInput(channels=1, height=8, width=8), (torch.randn(6, 1, 8, 8),)
    return {
        "mlp": (MLP(table, 2, width=8, token_width=4), rows),
        "ft_transformer": (FTTransformer(table, 2, width=8, heads=2), rows),
        "resnet_small": (ResNetSmall(image, 3, channels=8), images),
        "vit_small": (ViTSmall(image, 3, width=8, depth=1, heads=2), images),
    }


@pytest.mark.parametrize("name", ["mlp", "ft_transformer", "resnet_small", "vit_small"])
def test_every_architecture_of_the_catalog_agrees_without_a_fallback(name):
    module, inputs = catalog()[name]
    module.eval()
    loss = lambda rows: module(*rows).pow(3).sum()  # noqa: E731
    parameters = list(module.parameters())
    squares = []
    for i in range(6):
        parts = torch.autograd.grad(loss([part[i : i + 1] for part in inputs]), parameters)
        squares.append(sum(part.square().sum() for part in parts))
    for choice in (Choice(measured=False), Choice(measured=True)):
        engine = BookKeeping(module, choice)
        squared = engine.squared_norms(lambda: loss(inputs), 6)
        torch.testing.assert_close(squared.sum(0), torch.stack(squares), rtol=1e-4, atol=1e-7)
        sums = {parameter: torch.zeros(parameter.shape) for parameter in parameters}
        engine.add_clipped_sum(torch.ones_like(squared), sums)
        engine.close()
        whole = torch.autograd.grad(loss(inputs), parameters)
        for parameter, part in zip(parameters, whole, strict=True):
            torch.testing.assert_close(sums[parameter], part, rtol=1e-4, atol=1e-4 * float(part.abs().max()))


def test_no_gradient_is_left_on_weights_and_none_is_computed():
    module, inputs = NETWORKS["mlp"]()
    BookKeeping(module).squared_norms(lambda: module(inputs).sum(), 12)
    assert all(parameter.grad is None for parameter in module.parameters())


def test_a_closed_engine_leaves_the_module_as_it_was():
    module, inputs = NETWORKS["mlp"]()
    engine = BookKeeping(module)
    engine.close()
    assert not any(layer._forward_hooks for layer in module.modules())
    assert module(inputs).requires_grad


def test_norms_are_float32_in_mixed_precision():
    module, inputs = NETWORKS["mlp"]()
    engine = BookKeeping(module)

    def loss():
        with torch.autocast("cpu", torch.bfloat16):
            return module(inputs).float().square().sum()

    squared = engine.squared_norms(loss, 12)
    assert squared.dtype == torch.float32
    exact = engine.squared_norms(lambda: module(inputs).square().sum(), 12)
    torch.testing.assert_close(squared, exact, rtol=0.05, atol=0.01)


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(4), nn.BatchNorm2d(4), nn.SyncBatchNorm(4)])
def test_a_layer_that_mixes_samples_is_refused_with_a_replacement(layer):
    with pytest.raises(ModelError, match=r"BatchNorm(.|\n)*nn\.GroupNorm"):
        BookKeeping(nn.Sequential(nn.Linear(4, 4), layer))


def test_hidden_projections_and_parametrizations_are_refused():
    with pytest.raises(ModelError, match="SelfAttention"):
        BookKeeping(nn.MultiheadAttention(4, 2))
    with pytest.raises(ModelError, match="parametrization"):
        BookKeeping(nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)))


def test_a_module_without_trainable_parameters_is_refused():
    with pytest.raises(ModelError, match="no parameter is trained"):
        BookKeeping(nn.Linear(2, 2).requires_grad_(False))


def test_an_axis_that_is_not_the_batch_is_named():
    module = nn.Embedding(6, 4)
    places = torch.arange(6)
    with pytest.raises(ModelError, match=r"first axis(.|\n)*expand"):
        BookKeeping(module).squared_norms(lambda: (torch.randn(12, 6, 4) + module(places)).sum(), 12)


@pytest.mark.parametrize("kind", [nn.Linear, nn.LSTM, nn.GRU])
def test_nothing_of_a_batch_outlives_its_step(kind):
    module, inputs = kind(4, 3), torch.randn(5, 8, 4)
    engine = BookKeeping(module)

    def loss():
        outputs = module(inputs if kind is not nn.Linear else inputs.transpose(0, 1))
        return (outputs if kind is nn.Linear else outputs[0]).square().sum()

    squared = engine.squared_norms(loss, 8)
    book = weakref.ref(engine._book)
    engine.add_clipped_sum(torch.ones_like(squared), {p: torch.zeros(p.shape) for p in engine.parameters})
    assert book() is None
