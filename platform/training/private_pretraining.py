"""Pretraining with differential privacy: one budget for it and for the training that follows.

The training is planned before pretraining starts: from its section follow its sample rate and its steps, and
from those of both stages the noise that keeps them within epsilon together (platform/privacy/stages.py).
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from ..data.dataset import Dataset
from ..data.persons import person_codes
from ..data.preprocess import Preprocessor
from ..privacy.account import Account, Unaccounted
from ..privacy.config import RECORD, PrivacyConfig
from ..privacy.stages import Stages, sampling
from .config import TrainConfig
from .preparation import with_labels

__all__ = ["Private"]


@dataclass(frozen=True, kw_only=True)
class Private:
    """How pretraining keeps the train rows private.

    Attributes:
        config: the section `privacy` of the spec, whose budget is for both stages.
        train: the section of the training that follows.
        account: who is told what pretraining costs.
    """

    config: PrivacyConfig
    train: TrainConfig
    account: Account = field(default_factory=Unaccounted)

    @property
    def persons(self) -> str | None:
        """The column that says whose row each is, where a person is who the noise hides."""
        return None if self.config.unit == RECORD else self.config.unit

    def arguments(self, data: Dataset, preprocessor: Preprocessor) -> dict[str, Any]:
        """What `fit_as_configured` is called with; canaries attack the claim in training, not here."""
        table = with_labels(data.table("train"), preprocessor, self.train, "train")
        units = table.num_rows
        if self.persons is not None:
            units = int(person_codes(table, self.persons).max()) + 1
        ahead = sampling(units, self.train.batch_size, self.train.epochs)
        return {
            "privacy": dataclasses.replace(self.config, canaries=0),
            "account": self.account,
            "stages": Stages(name="pretrain", ahead=(ahead,)),
        }
