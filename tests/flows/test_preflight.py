"""What is refused before anything starts."""

import pytest
from assay.flows.preflight import preflight
from assay.flows.spec import parse_spec
from assay.platform.exceptions import CombinationError


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
