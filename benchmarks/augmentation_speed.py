"""S6: views of whole batches as tensors against per-image Pillow in a DataLoader, the usual recipe.

Both make two views of every image by the same changes: a crop of at least 60% of the area stretched to full
size, a mirror image by a coin, a turn of up to 20°, and jitter of brightness, contrast and saturation. Ours
does it to a batch of tensors; the peer opens each image with Pillow in a dataset's `__getitem__`, in the
process itself and in two workers, of which the faster counts. A whole step of SimCLR follows with the same
network, loss and optimizer for both: what differs is where the views come from.

    python benchmarks/augmentation_speed.py
"""

import random
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from assay.models.catalog import build
from assay.models.inputs import ImageInput
from assay.models.optimizers import build_optimizer
from assay.models.simclr import SimCLR, nt_xent
from assay.platform.augmentation.config import ViewConfig
from assay.platform.augmentation.views import random_view
from PIL import Image, ImageEnhance, ImageOps
from record import interleave, write
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

SEED, REPEATS = 0, 5
IMAGES, BATCH = 1_024, 256
LEAST, DEGREES, JITTER = 0.6, 20.0, 0.4
VIEWS = ViewConfig(
    crop=LEAST, flip="horizontal", degrees=DEGREES, shift=0.0, zoom=(1.0, 1.0),
    contrast=JITTER, brightness=JITTER, saturation=JITTER,
)  # fmt: skip
#: Networks of a whole step, and the side of its images: the lightest network, and the default one.
STEPS = (("lenet", 32), ("resnet_small", 32), ("resnet_small", 8))

Source = Callable[[], Iterator[tuple[Tensor, Tensor]]]


class PillowViews(Dataset):
    """Two views of each image, made one by one."""

    def __init__(self, pixels: np.ndarray):
        self.images = [Image.fromarray(image) for image in pixels]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return pillow_view(self.images[index]), pillow_view(self.images[index])


def pillow_view(image: Image.Image) -> Tensor:
    """The recipe of the tutorials, `(3, side, side)`."""
    width, height = image.size
    area, ratio = random.uniform(LEAST, 1.0), np.exp(random.uniform(np.log(3 / 4), np.log(4 / 3)))
    across, down = (min(1.0, (area * share) ** 0.5) for share in (ratio, 1 / ratio))
    left, top = random.uniform(0, 1 - across) * width, random.uniform(0, 1 - down) * height
    box = (left, top, left + across * width, top + down * height)
    image = image.resize((width, height), Image.Resampling.BILINEAR, box=box)
    if random.random() < 0.5:
        image = ImageOps.mirror(image)
    image = image.rotate(random.uniform(-DEGREES, DEGREES), Image.Resampling.BILINEAR)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = enhance(image).enhance(random.uniform(1 - JITTER, 1 + JITTER))
    return torch.from_numpy(np.asarray(image, dtype=np.float32) / 255).permute(2, 0, 1)


def ours(images: Tensor, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Two views of each batch of `(rows, 3, side, side)`."""
    for index in torch.randperm(len(images), generator=generator).split(BATCH):
        batch = images.index_select(0, index)
        first = random_view(batch, generator, config=VIEWS)
        yield first, random_view(batch, generator, config=VIEWS)


def step(learner: SimCLR, optimizer: torch.optim.Optimizer, first: Tensor, second: Tensor) -> None:
    """Contrast two views of a batch, and move the weights."""
    optimizer.zero_grad()
    views = learner.network.encode(torch.cat([first, second]))
    nt_xent(*learner.projection(views).chunk(2), learner.temperature).backward()
    optimizer.step()


def epoch(source: Source, learn: Callable[[Tensor, Tensor], None] = lambda first, second: None) -> None:
    """All images once."""
    for first, second in source():
        learn(first, second)


def sources(side: int) -> dict[str, Source]:
    """Views of the same random images, `side` pixels wide and high, made in three ways."""
    pixels = np.random.default_rng(SEED).integers(0, 256, (IMAGES, side, side, 3), dtype=np.uint8)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    found: dict[str, Source] = {"ours": partial(ours, images, torch.Generator().manual_seed(SEED))}
    dataset = PillowViews(pixels)
    for workers in (0, 2):
        loader = DataLoader(dataset, BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
        found[f"{workers} workers"] = loader.__iter__
    return found


def main() -> None:
    """Views alone, then whole steps."""
    torch.manual_seed(SEED)
    random.seed(SEED)
    rows = []
    for side in (32, 8):
        views = {name: partial(epoch, source) for name, source in sources(side).items()}
        rows.append(compared(f"views alone, {side} pixels", views, 3.0))
    for name, side in STEPS:
        network = build(name, ImageInput(channels=3, height=side, width=side), 10)
        learner = SimCLR(network, lambda views, generator: views)
        optimizer = build_optimizer("adamw", learner, learning_rate=1e-3, weight_decay=1e-4)
        learn = partial(step, learner, optimizer)
        steps = {way: partial(epoch, source, learn) for way, source in sources(side).items()}
        rows.append(compared(f"SimCLR step, {name}, {side} pixels", steps, 1.5))
    write("augmentation_speed", rows, seed=SEED)


def compared(what: str, functions: dict[str, Callable[[], None]], target: float) -> dict[str, object]:
    """Images a second of ours and of the faster DataLoader."""
    seconds = interleave(functions, repeats=REPEATS)
    rates = {name: IMAGES / taken for name, taken in seconds.items()}
    peer = max(rate for name, rate in rates.items() if name != "ours")
    return {
        "what": what,
        "threads": torch.get_num_threads(),
        "ours_images_per_s": rates["ours"],
        **{f"pillow_images_per_s, {name}": rate for name, rate in rates.items() if name != "ours"},
        "ratio": rates["ours"] / peer,
        "target": target,
        "reached": rates["ours"] / peer >= target,
    }


if __name__ == "__main__":
    main()
