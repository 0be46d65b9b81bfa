"""MAE: hide most patches of an image and paint them from those that are left.

He et al., "Masked Autoencoders Are Scalable Vision Learners" (2022), section 3,
https://arxiv.org/abs/2111.06377

Shapes: B batch, T patches, V of them visible, D width, W width of the decoder, P numbers a patch.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .network import Network, PatchNetwork
from .supervised import weighted_mean
from .unknown import UnknownNameError
from .vit_small import Block, sine_cosine_positions

__all__ = ["MAE", "patchify", "take"]


class MAE(nn.Module):
    """Encode the visible patches alone, then decode all of them with a light decoder.

    Args:
        network: its `encode` is what is learned; one whose tokens are patches.
        masked: share of the patches that is hidden.
        decoder_width: components of a token in the decoder, a multiple of 4 and of `decoder_heads`.
        decoder_depth: blocks of the decoder.
        decoder_heads: attention heads of the decoder.
        normalize: paint each patch with its own mean 0 and variance 1. The paper gains by it; patches of a
            few pixels have little left then.
    """

    positions: Tensor

    def __init__(
        self,
        network: Network,
        *,
        masked: float = 0.75,
        decoder_width: int = 32,
        decoder_depth: int = 1,
        decoder_heads: int = 4,
        normalize: bool = False,
    ):
        super().__init__()
        if not isinstance(network, PatchNetwork):
            raise UnknownNameError("network with patch tokens", type(network).__name__, ["ViTSmall"])
        if not 0 < masked < 1:
            raise ValueError(f"masked: got {masked}, expected a share between 0 and 1")
        self.network, self.normalize = network, normalize
        rows, columns = network.inputs.height // network.patch, network.inputs.width // network.patch
        self.visible = min(max(1, int(rows * columns * (1 - masked))), rows * columns - 1)
        positions = sine_cosine_positions(rows, columns, decoder_width)
        self.register_buffer("positions", positions, persistent=False)
        self.enter = nn.Linear(network.width, decoder_width)
        self.mask_token = nn.Parameter(0.02 * torch.randn(decoder_width))
        self.decoder = nn.Sequential(
            *(Block(decoder_width, decoder_heads, dropout=0.0) for _ in range(decoder_depth)),
            nn.LayerNorm(decoder_width),
            nn.Linear(decoder_width, network.inputs.channels * network.patch**2),
        )

    def forward(
        self,
        inputs: tuple[Tensor, ...],
        target: Tensor | None = None,
        weight: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Mean squared error of the hidden patches; `weight` (B,) weighs images, labels aren't used."""
        (images,) = inputs
        patches = patchify(images, self.network.patch)
        if self.normalize:
            patches = F.layer_norm(patches, patches.shape[2:], eps=1e-6)
        order = shuffled(len(images), patches.shape[1], generator).to(images.device)  # (B, T)
        hidden = order[:, self.visible :]
        errors = take(self.paint(images, order), hidden).float() - take(patches, hidden)
        return weighted_mean(errors.square().mean(dim=(1, 2)), weight)

    def paint(self, images: Tensor, order: Tensor) -> Tensor:
        """Every patch, `(B, T, P)`, from the first V of each line of `order` `(B, T)`."""
        tokens = take(self.network.patch_tokens(images), order[:, : self.visible])  # (B, V, D)
        seen = self.enter(self.network.transform(tokens))  # (B, V, W)
        blanks = self.mask_token.expand(len(images), order.shape[1] - self.visible, -1)
        # Back to where the patches are in the image, hidden ones filled with the token that says so.
        decoded = take(torch.cat([seen, blanks.to(seen)], dim=1), order.argsort(dim=1))  # (B, T, W)
        return self.decoder(decoded + self.positions)


def patchify(images: Tensor, side: int) -> Tensor:
    """Cut images `(B, channels, height, width)` into patches `(B, T, P)`, line by line."""
    return F.unfold(images, side, stride=side).transpose(1, 2)


def shuffled(batch: int, patches: int, generator: torch.Generator | None) -> Tensor:
    """A random order of the patches for each image, `(B, T)`."""
    device = generator.device if generator is not None else None
    return torch.rand(batch, patches, generator=generator, device=device).argsort(dim=1)


def take(tokens: Tensor, places: Tensor) -> Tensor:
    """The tokens at `places` `(B, K)` of `(B, T, D)`, as `(B, K, D)`."""
    return tokens.gather(1, places.unsqueeze(2).expand(-1, -1, tokens.shape[2]))
