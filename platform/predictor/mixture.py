"""A model that is several networks and a chance for each: the answer of a game that no single network wins.

Agarwal et al., "A Reductions Approach to Fair Classification" (2018), section 3,
https://arxiv.org/abs/1803.02453

Its guarantee is one of the **randomised** classifier: a row is decided by one network, drawn with the
mixture's weights. Deciding by the mean score instead would be another classifier, and no theorem speaks of
it. So the network is drawn here, by a hash of the row (`draws.py`), and both score and decision are that
network's: they agree, a row costs one network's work, and the same row is always asked of the same network.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from ...models.network import Network
from .artifact import load_networks, read_postprocess
from .draws import draw
from .forward import forward
from .model import Model


@dataclass(frozen=True, kw_only=True)
class Mixture(Model):
    """A mixture artifact, opened.

    It has no `module`: a gradient of one row's score would be that of one network.

    Attributes:
        members: the networks, in evaluation mode, in the order of the weights in `postprocess`.
    """

    members: tuple[Network, ...]

    @classmethod
    def load(cls, path: Path) -> "Mixture":
        """Open the artifact in a folder.

        Raises:
            ModelError: it isn't a mixture's artifact, or was tampered with; nothing in it is executed.
        """
        postprocess = read_postprocess(path)
        assert postprocess.mixture is not None
        members, preprocessor = load_networks(path, members=len(postprocess.mixture.weights))
        return cls(members=members, preprocessor=preprocessor, postprocess=postprocess)

    def outputs(self, table: pa.Table) -> np.ndarray:
        """Logits `(rows, classes)`, each row's of the network that is drawn for it."""
        inputs, drawn = self.inputs(table), self.drawn(table)
        found = np.empty((table.num_rows, len(self.classes)), dtype=np.float32)
        for index, member in enumerate(self.members):
            rows = np.flatnonzero(drawn == index)
            taken = tuple(part[torch.from_numpy(rows)] for part in inputs)
            found[rows] = forward(member, taken, len(self.classes))
        return found

    def drawn(self, table: pa.Table) -> np.ndarray:
        """`(rows,)` index of each row's network."""
        mixing = self.postprocess.mixture
        assert mixing is not None
        chance = draw(self.preprocessor.raw(table), salt=mixing.salt, purpose="member")
        ends = np.cumsum(mixing.weights)
        return np.minimum(np.searchsorted(ends / ends[-1], chance, side="right"), len(ends) - 1)
