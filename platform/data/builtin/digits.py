"""Handwritten digits as small grey images (UCI, Alpaydin and Kaynak; scikit-learn's copy)."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from ..reading import Reading


def read(scratch: Path) -> Reading:
    """1,797 images of 8x8 pixels, grey levels 0 to 16 stretched to bytes."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    grey = np.rint(pixels * (255 / 16)).astype(np.uint8)  # (1797, 64)
    image = pa.FixedSizeListArray.from_arrays(pa.array(grey.ravel()), 64)
    return Reading(
        table=pa.table({"image": image, "label": pa.array(labels.astype(str))}),
        modality="image",
        image=(1, 8, 8),
        target="label",
    )
