"""Folders of images, one a class, through Hugging Face `datasets`; pixels go to a memory-mapped file."""

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image, UnidentifiedImageError

from ..exceptions import DataError
from .reading import Reading
from .sources import existing_folder
from .splits import TEST, TRAIN, UNSET, VALIDATION
from .tables import quiet_datasets

_BATCH = 256
_MOST_PIXELS = 1 << 26
"""Pixels of one image, before it is decoded: a few kilobytes of PNG may unfold to gigabytes."""

OFFICIAL = {"train": UNSET, "validation": VALIDATION, "test": TEST}
"""Split of the source -> code; its train rows also give the validation rows where the source has none."""


def read_imagefolder(rest: str, scratch: Path) -> Reading:
    """Reads `folder/class/*.png`, or `folder/train/class/*.png` and `folder/test/class/*.png`."""
    folder = existing_folder(rest)
    datasets = quiet_datasets()
    try:
        loaded = datasets.load_dataset(
            "imagefolder", data_dir=str(folder.resolve()), cache_dir=str(scratch / "imagefolder")
        )
    except (datasets.exceptions.DatasetsError, ValueError, OSError) as error:
        raise _no_images(folder, str(error.__cause__ or error).split("\n", 1)[0]) from None
    return read_images(datasets, loaded, folder, scratch)


def read_images(datasets, loaded, folder: Path, scratch: Path) -> Reading:
    """Decodes every split of a loaded `DatasetDict` with an image column.

    Args:
        folder: names the source in errors.
    """
    features = next(iter(loaded.values())).features
    image = next((name for name, feature in features.items() if isinstance(feature, datasets.Image)), None)
    if image is None:
        raise _no_images(folder, f"the columns {', '.join(features)}")
    parts = {name: part.cast_column(image, datasets.Image(decode=False)) for name, part in loaded.items()}
    shape, note = _common_shape([part.data.table[image] for part in parts.values()])
    tables = []
    for name, part in parts.items():
        pixels = _decode(part.data.table[image], shape, scratch / f"pixels-{name}.arrow")
        tables.append(class_names(part).drop_columns([image]).add_column(0, "image", pixels))
    return Reading(
        table=pa.concat_tables(tables),
        official=official_codes({name: len(part) for name, part in parts.items()}),
        modality="image",
        image=shape,
        target="label" if "label" in features else None,
        notes=(note,),
    )


def class_names(part) -> pa.Table:
    """A split's table, class codes replaced by class names; -1 (no label) by null."""
    table = part.data.table
    for name, feature in part.features.items():
        if hasattr(feature, "int2str"):
            codes = table[name].to_numpy(zero_copy_only=False)
            names = np.array([*feature.names, None], dtype=object)
            table = table.set_column(
                table.column_names.index(name), name, pa.array(names[codes], pa.string())
            )
    return table


def official_codes(sizes: dict[str, int]) -> np.ndarray | None:
    """`(rows,)` codes of the splits that a source fixes; None where it has one split only."""
    if len(sizes) == 1:
        return None
    codes = [np.full(size, OFFICIAL.get(name, UNSET), dtype=np.int8) for name, size in sizes.items()]
    fixed = np.concatenate(codes)
    # A source that also fixes validation leaves nothing to be dealt: its other rows are train.
    return (
        np.where(fixed == UNSET, TRAIN, fixed).astype(np.int8) if {VALIDATION, TEST} <= set(fixed) else fixed
    )


def _open(cell: dict, row: int) -> Image.Image:
    """The image of one cell, its header read.

    Raises:
        DataError: it isn't an image; the file is named.
    """
    name = cell["path"] or f"row {row}"
    try:
        image = Image.open(io.BytesIO(cell["bytes"]) if cell["bytes"] else cell["path"])
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise _bad_image(name, str(error)) from None
    if image.width * image.height > _MOST_PIXELS:
        raise _bad_image(name, f"{image.width} x {image.height} pixels")
    return image


def _cells(column: pa.ChunkedArray) -> Iterator[tuple[int, dict]]:
    for start in range(0, len(column), _BATCH):
        yield from enumerate(column.slice(start, _BATCH).to_pylist(), start)


def _common_shape(columns: list[pa.ChunkedArray]) -> tuple[tuple[int, int, int], str]:
    """Channels of all images, and the most frequent size; only headers are read."""
    sizes: Counter[tuple[int, int]] = Counter()
    grey = True
    for column in columns:
        for row, cell in _cells(column):
            with _open(cell, row) as image:
                sizes[image.height, image.width] += 1
                grey &= image.mode in ("1", "L", "I", "I;16")
    (height, width), count = sizes.most_common(1)[0]
    note = f"all {count} images are {width} x {height}"
    if len(sizes) > 1:
        resized = sizes.total() - count
        note = (
            f"{resized} of {sizes.total()} images were resized to {width} x {height}, the most frequent size"
        )
    return (1 if grey else 3, height, width), note


def _decode(column: pa.ChunkedArray, shape: tuple[int, int, int], file: Path) -> pa.ChunkedArray:
    """Decodes all images to bytes, in batches, by way of a memory-mapped file."""
    channels, height, width = shape
    type_ = pa.list_(pa.uint8(), channels * height * width)
    schema = pa.schema([("image", type_)])
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        pixels = np.empty((_BATCH, channels, height, width), dtype=np.uint8)
        for row, cell in _cells(column):
            pixels[row % _BATCH] = _pixels(cell, row, shape)
            if row % _BATCH == _BATCH - 1 or row == len(column) - 1:
                flat = pa.array(pixels[: row % _BATCH + 1].ravel())
                writer.write_batch(
                    pa.record_batch([pa.FixedSizeListArray.from_arrays(flat, type=type_)], schema=schema)
                )
    return pa.ipc.open_file(pa.memory_map(str(file))).read_all()["image"]


def _pixels(cell: dict, row: int, shape: tuple[int, int, int]) -> np.ndarray:
    """`(channels, height, width)` uint8 of one image."""
    channels, height, width = shape
    with _open(cell, row) as image:
        try:
            flat = image.convert("L" if channels == 1 else "RGB")
        except (OSError, ValueError, SyntaxError) as error:
            raise _bad_image(cell["path"] or f"row {row}", str(error)) from None
    if flat.size != (width, height):
        flat = flat.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(flat).reshape(height, width, channels).transpose(2, 0, 1)


def _bad_image(name: str, reason: str) -> DataError:
    return DataError(
        f"the image {name} can't be read",
        got=reason,
        expected="a whole image file (PNG, JPEG, ...)",
        mend="take it out of the folder, or save it again",
    )


def _no_images(folder: Path, got: str) -> DataError:
    return DataError(
        f"{folder} holds no data set of images",
        got=got,
        expected="one folder of images a class",
        mend="arrange the images as FOLDER/CLASS/IMAGE.png",
    )
