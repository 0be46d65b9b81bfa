"""ViT-B/16 against transformers' with the same weights."""

import pytest
import torch
from assay.models.inputs import ImageInput
from assay.models.vit import ViT

PARTS = {
    "attention.q_proj": "attention.layer.query",
    "attention.k_proj": "attention.layer.key",
    "attention.v_proj": "attention.layer.value",
    "attention.o_proj": "attention.layer.merge",
    "layernorm_before": "attention.norm",
    "layernorm_after": "feed_forward.norm",
    "mlp.fc1": "feed_forward.layer.0",
    "mlp.fc2": "feed_forward.layer.2",
}


def ours(theirs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights of transformers' ViTModel under our names."""
    renamed = {
        "class_token": theirs["embeddings.cls_token"].flatten(),
        "positions": theirs["embeddings.position_embeddings"][0],
    }
    for name, value in theirs.items():
        layer, kind = name.rsplit(".", 1)
        if layer == "embeddings.patch_embeddings.projection":
            renamed[f"patches.{kind}"] = value
        elif layer == "layernorm":
            renamed[f"encoder.norm.{kind}"] = value
        elif layer.startswith("layers."):
            _, number, part = layer.split(".", 2)
            renamed[f"encoder.blocks.{number}.{PARTS[part]}.{kind}"] = value
    return renamed


def test_class_token_and_patches_are_those_of_transformers():
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, image_size=(16, 20),
        patch_size=4, num_channels=2, layer_norm_eps=1e-6, initializer_range=0.3,
    )  # fmt: skip
    theirs = transformers.ViTModel(config, add_pooling_layer=False).eval()
    network = ViT(ImageInput(channels=2, height=16, width=20), 3, patch=4, width=1 / 16, depth=2, heads=4)
    missing, unexpected = network.load_state_dict(ours(theirs.state_dict()), strict=False)
    assert (missing, unexpected) == (["head.weight", "head.bias"], [])
    network.eval()
    images = torch.randn(3, 2, 16, 20)
    expected = theirs(images).last_hidden_state
    torch.testing.assert_close(network.states(network.embed(images)), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(network.encode(images), expected[:, 0], rtol=1e-5, atol=1e-5)


def test_vit_b_16_has_the_published_number_of_parameters():
    """From torchvision's table, https://pytorch.org/vision/stable/models.html; the paper says 86 million."""
    with torch.device("meta"):
        network = ViT(ImageInput(channels=3, height=224, width=224), 1000)
    assert network.patches.kernel_size == (16, 16)
    assert sum(parameter.numel() for parameter in network.parameters()) == 86_567_656


@pytest.mark.parametrize(
    ("height", "width", "grid"), [(8, 8, (4, 4)), (28, 28, (7, 7)), (32, 32, (8, 8)), (160, 160, (10, 10))]
)
def test_a_fitting_patch_is_chosen_from_the_image(height, width, grid):
    network = ViT(ImageInput(channels=1, height=height, width=width), 2, width=1 / 16, depth=1)
    assert network.feature_maps(torch.randn(2, 1, height, width)).shape == (2, 48, *grid)


def test_a_patch_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="got 3 for images of 8×8"):
        ViT(ImageInput(channels=1, height=8, width=8), 2, patch=3)
