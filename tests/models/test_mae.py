"""The masked autoencoder against loops over images and patches."""

import pytest
import torch
from assay.models.catalog import build
from assay.models.inputs import ImageInput
from assay.models.mae import MAE, patchify, shuffled
from assay.models.unknown import UnknownNameError

IMAGE = ImageInput(channels=2, height=8, width=12)


def small(**options) -> MAE:
    """A small objective over patches of 2×2: 4 lines of 6."""
    network = build("vit_small", IMAGE, 2, patch=2, width=8, depth=1, heads=2, dropout=0.0)
    return MAE(network, **{"decoder_width": 8, "decoder_heads": 2, **options})


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_patches_are_cut_line_by_line():
    images = torch.randn(3, 2, 8, 12)
    patches = patchify(images, 2)
    assert patches.shape == (3, 24, 8)
    for place in range(24):
        top, left = 2 * (place // 6), 2 * (place % 6)
        assert torch.equal(patches[:, place], images[:, :, top : top + 2, left : left + 2].flatten(1))


@pytest.mark.parametrize("normalize", [False, True])
def test_the_loss_is_the_mean_squared_error_of_the_hidden_patches_alone(normalize):
    objective, images = small(normalize=normalize), torch.randn(3, 2, 8, 12)
    loss = objective((images,), None, None, seeded())
    order = shuffled(3, 24, seeded())
    painted, patches, errors = objective.paint(images, order), patchify(images, 2), []
    for image in range(3):
        for place in order[image, 6:].tolist():
            wanted = patches[image, place].double()
            if normalize:
                wanted = (wanted - wanted.mean()) / (wanted.var(correction=0) + 1e-6).sqrt()
            errors.append((painted[image, place].double() - wanted).square().mean())
    assert len(errors) == 3 * 18
    assert loss.item() == pytest.approx(torch.stack(errors).mean().item(), rel=1e-5)


def test_an_images_loss_is_its_own_and_weights_choose_images():
    objective, images = small(), torch.randn(4, 2, 8, 12)
    single = [objective((images,), None, torch.eye(4)[image], seeded()).item() for image in range(4)]
    assert objective((images,), None, None, seeded()).item() == pytest.approx(sum(single) / 4, rel=1e-5)
    changed = images.clone()
    changed[1:] = torch.randn(3, 2, 8, 12)
    kept = objective((changed,), None, torch.eye(4)[0], seeded())
    assert kept.item() == pytest.approx(single[0], rel=1e-5)


def test_what_is_painted_depends_on_the_visible_patches_alone():
    objective, images = small(), torch.randn(1, 2, 8, 12)
    order = shuffled(1, 24, seeded())
    painted = objective.paint(images, order)
    for rank, place in enumerate(order[0].tolist()):
        changed = images.clone()
        changed[:, :, 2 * (place // 6), 2 * (place % 6)] += 1.0
        assert torch.equal(objective.paint(changed, order), painted) == (rank >= 6)


def test_with_every_patch_visible_the_encoder_is_the_network():
    network = small().network
    tokens = network.transform(network.patch_tokens(images := torch.randn(2, 2, 8, 12)))
    torch.testing.assert_close(tokens.mean(dim=1), network.encode(images))


@pytest.mark.parametrize(("masked", "visible"), [(0.75, 6), (0.5, 12), (0.999, 1), (0.001, 23)])
def test_a_share_of_the_patches_is_hidden_but_never_all_or_none(masked, visible):
    assert small(masked=masked).visible == visible


def test_a_few_steps_lower_the_loss():
    torch.manual_seed(0)
    objective = small()
    ramp = torch.linspace(-1, 1, 12).expand(32, 2, 8, 12) * torch.randn(32, 1, 1, 1)
    optimizer, losses = torch.optim.AdamW(objective.parameters(), lr=0.01), []
    for _ in range(60):
        optimizer.zero_grad()
        losses.append(objective((ramp,)))
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("masked", [0.0, 1.0])
def test_a_share_that_hides_nothing_or_all_is_refused(masked):
    with pytest.raises(ValueError, match="expected a share between 0 and 1"):
        small(masked=masked)


def test_a_network_without_patches_is_refused():
    with pytest.raises(UnknownNameError, match="network with patch tokens: got 'ResNetSmall'"):
        MAE(build("resnet_small", IMAGE, 2))
