"""A few-shot model, opened: it answers when it is shown some rows of each class, and not before."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn

from ...models.episodes import Episode, FewShotLearner
from ...models.few_shot import FEW_SHOT, build_few_shot
from ...models.network import Network
from ...models.prototypical import Prototypical
from ..data.preprocess import Preprocessor
from ..data.schema import resolve
from ..data.values import categories
from ..exceptions import DataError, ModelError
from ..predictor.artifact import FEW_SHOT_FILE, load_network
from ..predictor.untrusted import read_json, reading
from ..training.rows import Rows
from ..training.tables import encoded

__all__ = ["FewShotModel"]


@dataclass(frozen=True, kw_only=True)
class FewShotModel:
    """A few-shot model artifact, opened.

    Attributes:
        network: in evaluation mode.
        preprocessor: from a table to what the network takes.
        method: a key of `FEW_SHOT`.
        options: all of that method.
        way: classes that it was judged with.
        shot: rows of each that it was judged with.
    """

    network: Network
    preprocessor: Preprocessor
    method: str
    options: dict[str, Any]
    way: int
    shot: int

    @classmethod
    def load(cls, path: Path) -> "FewShotModel":
        """Open the artifact in a folder.

        Raises:
            ModelError: it isn't one, or was tampered with; nothing in it is executed.
        """
        if not (path / FEW_SHOT_FILE).is_file():
            raise ModelError(
                "the model doesn't learn from examples",
                got=f"no {FEW_SHOT_FILE} beside its weights",
                expected="a model that was trained with few_shot",
                mend="leave --support out",
            )
        network, preprocessor = load_network(path)
        told = read_json(path / FEW_SHOT_FILE)
        with reading(FEW_SHOT_FILE, expected="method, options, way, shot"):
            if told.keys() != {"method", "options", "way", "shot"}:
                raise ValueError(f"keys: {sorted(told)}")
            build_few_shot(told["method"], network, **told["options"])
            if told["options"].keys() != FEW_SHOT[told["method"]].options.keys():
                raise ValueError(f"options: {json.dumps(told['options'])}")
            shape = {key: int(told[key]) for key in ("way", "shot")}
        return cls(
            network=network,
            preprocessor=preprocessor,
            method=told["method"],
            options=told["options"],
            **shape,
        )

    @property
    def learner(self) -> FewShotLearner:
        """What answers episodes of `rows`."""
        if self.method == "prototypical":
            return Prototypical(nn.Identity())  # its rows are encoded already, each once
        return build_few_shot(self.method, self.network, **self.options)

    def rows(self, table: pa.Table) -> Tensor:
        """What episodes for `learner` are made of: representations `(rows, width)`, or images."""
        inputs = tuple(torch.from_numpy(np.ascontiguousarray(p)) for p in self.preprocessor.transform(table))
        if self.method == "prototypical":
            return encoded(self.network, Rows(inputs=inputs)).inputs[0]
        (images,) = inputs
        return images

    def answer(self, support: pa.Table, table: pa.Table) -> tuple[np.ndarray, list[str]]:
        """Scores of the rows of a table, after a look at some rows whose classes are known.

        Args:
            support: rows to learn from, with their classes, any names, in the column of the target.
            table: rows to answer.

        Returns:
            `(rows, classes)` float64 that sum to 1 a row, and the names of the classes. Nothing calibrates
            them: they rank classes, and are no chances.

        Raises:
            DataError: a column is missing, a row of the support has no class, one class alone, or for MAML
                another number of classes than it was trained for.
        """
        classes, codes = np.unique(self._labels(support), return_inverse=True)
        if len(classes) < 2 or (self.method == "maml" and len(classes) != self.way):
            raise DataError(
                "the model can't learn these classes",
                got=f"{len(classes)} classes to learn from",
                expected=f"{self.way}, as it was trained" if self.method == "maml" else "two or more",
                mend="show it rows of so many classes",
            )
        target = torch.from_numpy(codes.astype(np.int64))
        unknown = torch.zeros(table.num_rows, dtype=torch.int64)
        episode = Episode(
            support=self.rows(support), support_target=target, query=self.rows(table), query_target=unknown
        )
        with torch.no_grad():
            logits = self.learner.logits(episode).double()
        return logits.softmax(dim=1).numpy(), classes.tolist()

    def _labels(self, support: pa.Table) -> np.ndarray:
        """`(rows,)` str classes of rows to learn from."""
        target = self.preprocessor.schema.target
        labels = categories(support[resolve(target, support.column_names, what="column of classes")])
        if labels.null_count:
            raise DataError(
                "rows to learn from have no class",
                got=f"{labels.null_count} empty cells of {target!r}",
                expected="a class in each row",
                mend="fill them in, or leave those rows out",
            )
        return labels.to_numpy().astype(str)
