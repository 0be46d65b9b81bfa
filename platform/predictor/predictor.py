"""The one way in which a trained model is asked: by audits, by `verify`, and by whoever scores a file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from ...models.network import Network
from ..exceptions import ModelError
from .artifact import FEW_SHOT_FILE, load_network, read_postprocess
from .forward import forward
from .mixture import Mixture
from .model import Model
from .untrusted import unfit


@dataclass(frozen=True, kw_only=True)
class Predictor(Model):
    """A model artifact of one network, opened.

    Attributes:
        module: the network, from tensors to logits; in evaluation mode.
    """

    module: Network

    @classmethod
    def load(cls, path: Path) -> "Predictor":
        """Open the artifact in a folder.

        Raises:
            ModelError: it isn't a model artifact of one network, or was tampered with; nothing in it is
                executed; or it learns new classes from examples, and answers nothing without them.
        """
        if (path / FEW_SHOT_FILE).is_file():
            raise ModelError(
                "a few-shot model has no classes of its own",
                got=f"a model with {FEW_SHOT_FILE}",
                expected="rows of each class that it may learn from",
                mend="assay predict MODEL FILE --support EXAMPLES",
            )
        postprocess = read_postprocess(path)
        if postprocess.mixture is not None:
            raise unfit("the model is a mixture", got="several networks", expected="one")
        network, preprocessor = load_network(path)
        return cls(module=network, preprocessor=preprocessor, postprocess=postprocess)

    def outputs(self, table: pa.Table) -> np.ndarray:
        """What the network says before calibration: logits `(rows, classes)` or standardised values `(rows,
        1)`."""
        return forward(self.module, self.inputs(table), len(self.classes) or 1)


def load_model(path: Path) -> Model:
    """Open the model artifact in a folder, whatever it is made of.

    Raises:
        ModelError: it isn't a model artifact, or was tampered with; nothing in it is executed.
    """
    if (path / "foreign.json").is_file():
        from .foreign import open_foreign

        return open_foreign(path)
    return Predictor.load(path) if read_postprocess(path).mixture is None else Mixture.load(path)
