"""What can be named in a spec."""

import inspect
import subprocess
import sys
from importlib import import_module

import pytest
import torch
from assay.models.catalog import ARCHITECTURES, PRETRAINING, build, build_pretraining
from assay.models.inputs import PAD, START, ImageInput, TabularInput, TextInput
from assay.models.network import EmbeddingNetwork
from assay.models.unknown import UnknownNameError

TABLE = TabularInput(numeric=2, cardinalities=(3, 4), bins=((0.0, 1.0), (-1.0, 0.0, 2.0)))
IMAGE = ImageInput(channels=1, height=8, width=8)
TEXT = TextInput(vocabulary=40, length=12)
INPUTS = {"tabular": TABLE, "image": IMAGE, "text": TEXT}


def rows(batch: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    """Random rows of `TABLE`."""
    categorical = torch.stack([torch.randint(size, (batch,)) for size in TABLE.cardinalities], dim=1)
    return torch.randn(batch, TABLE.numeric), categorical


def small(name: str, inputs: TabularInput | ImageInput | TextInput, outputs: int) -> torch.nn.Module:
    """An architecture with an eighth of its channels where it can be had so; BERT and GPT with 24 units."""
    options = ARCHITECTURES[name].options
    shrunk = {1.0: {"width": 0.125}, 768: {"width": 24, "depth": 2}}.get(options.get("width"), {})
    return build(name, inputs, outputs, **shrunk).eval()


def batch_for(modality: str) -> tuple[torch.Tensor, ...]:
    """Random inputs of a modality."""
    if modality == "text":
        lines = torch.randint(6, TEXT.vocabulary, (5, TEXT.length))
        lines[:, 0] = START
        return (
            lines.masked_fill(torch.arange(TEXT.length) >= torch.tensor([[12], [5], [2], [9], [12]]), PAD),
        )
    return rows() if modality == "tabular" else (torch.randn(5, 1, 8, 8),)


@pytest.mark.parametrize(
    "part", [*ARCHITECTURES.values(), *PRETRAINING.values()], ids=lambda part: part.factory
)
def test_the_options_in_the_table_are_those_of_the_signature(part):
    factory = getattr(import_module(f"assay.models.{part.module}"), part.factory)
    parameters = inspect.signature(factory).parameters.values()
    keyword_only = {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
    assert dict(part.options) == {key: v for key, v in keyword_only.items() if key not in part.decided}
    assert part.decided.keys() <= keyword_only.keys()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_is_called_fixed_learns_its_head_alone(name):
    assert small(name, INPUTS[ARCHITECTURES[name].modality], 2).fixed == ARCHITECTURES[name].fixed


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("outputs", [1, 2, 7])
def test_every_architecture_gives_its_logits_through_its_parts(name, outputs):
    modality = ARCHITECTURES[name].modality
    network = small(name, INPUTS[modality], outputs)
    inputs = batch_for(modality)
    logits, features = network(*inputs), network.encode(*inputs)
    assert logits.shape == (5, outputs)
    assert features.shape == (5, network.width)
    torch.testing.assert_close(logits, network.head(features))
    if isinstance(network, EmbeddingNetwork):
        torch.testing.assert_close(features, network.trunk(network.embed(*inputs)))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_prediction_never_depends_on_the_other_rows_of_its_batch(name):
    modality = ARCHITECTURES[name].modality
    network = small(name, INPUTS[modality], 3).double()  # a hundred layers add up float32's roundings
    inputs = [part.double() if part.is_floating_point() else part for part in batch_for(modality)]
    alone = torch.cat([network(*(part[row : row + 1] for part in inputs)) for row in range(5)])
    torch.testing.assert_close(network(*inputs), alone, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_parameter_takes_part_in_the_prediction(name):
    modality = ARCHITECTURES[name].modality
    network = small(name, INPUTS[modality], 3)
    inputs = batch_for(modality)
    if modality == "tabular":
        inputs = (torch.tensor([[0.5, 0.5], [torch.nan, 1.0]]), torch.tensor([[0, 1], [2, 3]]))
    network(*inputs).square().sum().backward()
    unused = [key for key, parameter in network.named_parameters() if parameter.grad is None]
    assert [key for key in unused if not key.startswith("heads.")] == []  # auxiliary heads: in training


@pytest.mark.parametrize("name", [name for name, part in ARCHITECTURES.items() if part.modality == "tabular"])
def test_logits_from_tokens_are_the_logits(name):
    network, inputs = build(name, TABLE, 2).eval(), rows()
    tokens = network.tokens(*inputs)
    assert tokens.shape[:2] == (5, TABLE.features)
    torch.testing.assert_close(network.from_tokens(tokens), network(*inputs))


@pytest.mark.parametrize("name", [name for name, part in ARCHITECTURES.items() if part.modality == "image"])
@pytest.mark.parametrize(("height", "width"), [(8, 8), (12, 8), (28, 28), (32, 32)])
def test_feature_maps_are_at_least_4x4_and_lead_to_the_logits(name, height, width):
    network = small(name, ImageInput(channels=3, height=height, width=width), 2)
    images = torch.randn(2, 3, height, width)
    maps = network.feature_maps(images)
    assert maps.ndim == 4
    assert min(maps.shape[2:]) >= 4
    torch.testing.assert_close(network.from_feature_maps(maps), network(images))


@pytest.mark.parametrize("name", [name for name, part in ARCHITECTURES.items() if part.modality == "image"])
def test_a_hook_on_maps_sees_the_feature_maps(name):
    network, images, seen = small(name, IMAGE, 2), torch.randn(2, 1, 8, 8), []
    network.maps.register_forward_hook(lambda module, inputs, output: seen.append(output))
    network(images)
    torch.testing.assert_close(seen[0], network.feature_maps(images))


@pytest.mark.parametrize("name", PRETRAINING)
def test_every_pretraining_method_trains_the_network_that_it_holds(name):
    modality, only = PRETRAINING[name].modality, PRETRAINING[name].architectures
    fitting = [key for key, part in ARCHITECTURES.items() if part.modality == modality]
    architecture = (only or fitting)[0]
    network = small(architecture, INPUTS[modality], 2).train()
    augment = (lambda images, generator: images + 0.1) if modality == "image" else None
    objective = build_pretraining(name, network, augment=augment)
    assert objective.network is network
    loss = objective(batch_for(modality), None, None, torch.Generator().manual_seed(0))
    assert loss.shape == ()
    loss.backward()
    untouched = {key for key, parameter in network.named_parameters() if parameter.grad is None}
    assert untouched == {key for key, _ in network.named_parameters() if key.startswith("head.")}


def test_an_unknown_architecture_is_answered_with_the_known_and_the_nearest():
    with pytest.raises(
        UnknownNameError, match=r"expected one of .*ft_transformer.*did you mean 'mlp'"
    ) as caught:
        build("mpl", TABLE, 2)
    assert caught.value.got == "mpl"


def test_an_unknown_option_is_answered_with_the_known_and_the_nearest():
    with pytest.raises(UnknownNameError, match=r"option of mlp: got 'dropuot'.*did you mean 'dropout'"):
        build("mlp", TABLE, 2, dropuot=0.1)


def test_an_architecture_for_other_data_is_refused():
    with pytest.raises(
        UnknownNameError, match=r"architecture for image data: got 'mlp', expected one of .*resnet"
    ):
        build("mlp", IMAGE, 2)


def test_a_pretraining_method_for_other_data_is_refused():
    with pytest.raises(UnknownNameError, match="for tabular data: got 'simclr'"):
        build_pretraining("simclr", build("mlp", TABLE, 2))
    with pytest.raises(UnknownNameError, match="for text data: got 'scarf', expected one of clm, mlm"):
        build_pretraining("scarf", build("gru", TEXT, 2))


@pytest.mark.parametrize("module", ["catalog", "inputs", "optimizers", "schedules", "unknown"])
def test_importing_a_table_imports_no_torch(module):
    code = f"import sys, assay.models.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
