"""What can be private is said before any row is read."""

import pytest
from assay.models.catalog import ARCHITECTURES, PRETRAINING
from assay.platform.exceptions import CombinationError
from assay.platform.privacy.parts import needs, require_private


@pytest.mark.parametrize(
    ("name", "said"), [("mlp", "yes"), ("resnet18", "with norm: group"), ("resnet152", "no")]
)
def test_a_list_says_what_a_network_needs(name, said):
    assert needs(ARCHITECTURES[name]) == said


@pytest.mark.parametrize(
    ("key", "name", "options"),
    [
        ("model.architecture", "mlp", {}),
        ("model.architecture", "vgg16", {"norm": "group"}),
        ("model.architecture", "vgg16", {"norm": "none"}),  # as published: nothing is normalized
        ("model.architecture", "resnet_tabular", {"norm": "layer"}),
        ("pretrain.method", "masked_features", {"replacement": "uniform"}),
        ("pretrain.method", "mae", {}),
    ],
)
def test_what_can_be_private_passes(key, name, options):
    require_private(key, name, {**ARCHITECTURES, **PRETRAINING}, options)


@pytest.mark.parametrize(
    ("key", "name", "options", "mend"),
    [
        ("model.architecture", "resnet18", {}, "set model.norm to group"),
        ("model.architecture", "resnet_tabular", {"norm": "batch"}, "set model.norm to layer"),
        ("model.architecture", "resnet152", {"norm": "group"}, "one of mlp, "),
        ("pretrain.method", "masked_features", {}, "set pretrain.options.replacement to uniform"),
    ],
)
def test_what_cannot_is_refused_with_what_mends_it(key, name, options, mend):
    table = ARCHITECTURES if key.startswith("model") else PRETRAINING
    with pytest.raises(CombinationError) as caught:
        require_private(key, name, table, options)
    assert caught.value.mend.startswith(mend)
    assert caught.value.exit_code == 2
