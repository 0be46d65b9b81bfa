"""What is refused before anything starts."""

import pytest
from assay.flows.preflight import preflight
from assay.flows.spec import parse_spec
from assay.platform.exceptions import CombinationError, SpecError


def spec(architecture: str | None, method: str):
    """A spec for digits with a network, or the default one, and a pretraining method."""
    sections = {"name": "x", "data": {"source": "builtin:digits"}, "pretrain": {"method": method}}
    return parse_spec(sections | ({"model": {"architecture": architecture}} if architecture else {}))


@pytest.mark.parametrize(
    ("architecture", "said"), [("resnet_small", "resnet_small"), (None, "no architecture")]
)
def test_a_method_that_needs_patches_is_refused_for_a_network_without(architecture, said):
    with pytest.raises(CombinationError, match=f"mae with {said}") as caught:
        preflight(spec(architecture, "mae"))
    assert "model.architecture: vit_small" in str(caught.value)


@pytest.mark.parametrize(
    ("architecture", "method"), [("vit_small", "mae"), ("resnet_small", "moco"), (None, "byol")]
)
def test_a_method_that_fits_the_network_is_let_through(architecture, method):
    preflight(spec(architecture, method))


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"optimizer": "adamv"}, "did you mean 'adam"),
        ({"optimizer": "sgd", "optimizer_options": {"momentun": 0.5}}, "did you mean 'momentum'"),
        ({"schedule": "plato"}, "plateau"),
        ({"schedule_options": {"warm": 0.1}}, "did you mean 'warmup'"),
    ],
)
@pytest.mark.parametrize("place", ["train", "pretrain"])
def test_a_mistyped_optimizer_or_schedule_is_said_before_anything_starts(place, section, said):
    document = {"name": "x", "data": {"source": "builtin:digits"}, "pretrain": {"method": "simclr"}}
    document[place] = {**document.get(place, {}), **section}
    with pytest.raises(SpecError, match=said):
        preflight(parse_spec(document))


@pytest.mark.parametrize("mode", ["linear_probe", "gradual", "lora"])
def test_a_mode_that_moves_a_part_is_refused_without_pretraining_before_anything_starts(mode):
    with pytest.raises(CombinationError, match=f"{mode} needs pretrained weights"):
        preflight(parse_spec({"name": "x", "data": {"source": "builtin:digits"}, "train": {"mode": mode}}))


def test_options_of_optimizers_and_schedules_are_let_through():
    train = {
        "optimizer": "sgd", "optimizer_options": {"momentum": 0.8, "nesterov": False},
        "schedule": "plateau", "schedule_options": {"patience": 2},
    }  # fmt: skip
    preflight(parse_spec({"name": "x", "data": {"source": "builtin:digits"}, "train": train}))
