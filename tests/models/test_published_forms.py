"""Parameters of the published forms, as the papers or the reference libraries count them."""

import pytest
import torch
from assay.models.catalog import ARCHITECTURES, build
from assay.models.googlenet import GoogLeNet
from assay.models.inputs import ImageInput, TextInput
from assay.models.supervised import AUXILIARY_WEIGHT, Classification
from assay.models.vgg import VGG

IMAGENET = ImageInput(channels=3, height=224, width=224)

#: From torchvision's table, https://pytorch.org/vision/stable/models.html. GoogLeNet is counted there
#: with batch normalization and 3×3 kernels in place of 5×5: here it is as published, and as in Caffe's
#: bvlc_googlenet. VGG as published has no normalization either.
COUNTS = {
    "alexnet": 61_100_840,
    "vgg11": 132_863_336,
    "vgg13": 133_047_848,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "googlenet": 13_378_280,
    "efficientnet_b0": 5_288_548,
    "efficientnet_lite0": 4_652_008,  # 4.7 million in its authors' table; exactly, of its published weights
    "vit_b16": 86_567_656,
}


@pytest.mark.parametrize("name", COUNTS)
def test_the_published_form_has_the_published_number_of_parameters(name):
    options = {"norm": "none"} if name.startswith(("vgg", "googlenet")) else {}
    with torch.device("meta"):
        network = build(name, IMAGENET, 1000, **options)
    assert sum(parameter.numel() for parameter in network.parameters()) == COUNTS[name]


@pytest.mark.parametrize(
    ("name", "vocabulary", "length", "published"),
    [("bert", 30_522, 512, 109_482_240), ("gpt", 50_257, 1024, 124_439_808)],
)
def test_networks_of_texts_have_the_published_number_below_their_head(name, vocabulary, length, published):
    """Of bert-base-uncased with its pooler, and of the smallest GPT-2."""
    with torch.device("meta"):
        network = build(name, TextInput(vocabulary=vocabulary, length=length), 2)
    assert sum(p.numel() for p in network.parameters()) == published + 768 * 2 + 2


def test_googlenet_without_auxiliary_heads_has_seven_million():
    with torch.device("meta"):
        network = build("googlenet", IMAGENET, 1000, norm="none", auxiliary=False)
    assert sum(parameter.numel() for parameter in network.parameters()) == 6_998_552


def test_lenet_has_those_of_its_five_layers():
    network = build("lenet", ImageInput(channels=1, height=32, width=32), 10)
    by_hand = (25 + 1) * 6 + (150 + 1) * 16 + (400 + 1) * 120 + (120 + 1) * 84 + (84 + 1) * 10
    assert sum(parameter.numel() for parameter in network.parameters()) == by_hand == 61_706


@pytest.mark.parametrize(
    ("name", "maps"),
    [("alexnet", (256, 6)), ("vgg11", (512, 7)), ("resnet18", (512, 7)), ("resnet50", (2048, 7)),
     ("googlenet", (1024, 7)), ("efficientnet_b0", (1280, 7))],
)  # fmt: skip
def test_the_published_form_ends_in_the_published_maps(name, maps):
    network = build(name, IMAGENET, 10).eval()
    with torch.no_grad():
        found = network.feature_maps(torch.zeros(1, 3, 224, 224))
    assert found.shape == (1, maps[0], maps[1], maps[1])


@pytest.mark.parametrize(
    "name",
    [name for name, part in ARCHITECTURES.items() if part.modality == "image" and "norm" in part.options],
)
def test_with_group_norm_no_layer_looks_over_the_batch(name):
    width = 8 if name == "conv4" else 0.125  # filters, or the share of the published ones
    network = build(name, ImageInput(channels=1, height=8, width=8), 3, norm="group", width=width).train()
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())


def test_another_norm_or_depth_is_refused():
    with pytest.raises(ValueError, match="norm: got 'layer', expected batch, group or none"):
        VGG(IMAGENET, 2, depth=11, norm="layer")
    with pytest.raises(ValueError, match="depth: got 12, expected one of 11, 13"):
        VGG(IMAGENET, 2, depth=12)


def test_auxiliary_heads_are_learned_in_training_and_silent_otherwise():
    network = GoogLeNet(ImageInput(channels=1, height=8, width=8), 3, width=0.125, norm="group")
    objective, images, target = Classification(network), torch.randn(4, 1, 8, 8), torch.tensor([0, 1, 2, 1])
    network.eval()
    cross_entropy = torch.nn.functional.cross_entropy
    torch.testing.assert_close(objective((images,), target), cross_entropy(network(images), target))
    logits, (first, second) = network.forward_with_auxiliary(images)
    assert torch.allclose(logits, network(images), atol=1e-6)
    by_hand = cross_entropy(logits, target)
    for head in (network.heads[0], network.heads[1], network.dropout):
        for module in head.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
    _, (first, second) = network.forward_with_auxiliary(images)
    by_hand = by_hand + AUXILIARY_WEIGHT * (cross_entropy(first, target) + cross_entropy(second, target))
    network.train()
    loss = objective((images,), target)
    torch.testing.assert_close(loss, by_hand)
    loss.backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
