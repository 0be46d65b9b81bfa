"""The stage `pretrain`: learn a representation from every train row, without its label.

Labels are looked up only to say what the representation is worth: see `evaluation.py`.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from ...models.catalog import PRETRAINING, Part, build_pretraining
from ...models.network import Network
from ..augmentation.config import refuse_unfit_views
from ..augmentation.views import random_view
from ..data.dataset import Dataset
from ..data.preprocess import Preprocessor
from ..data.schema import Schema
from ..predictor.artifact import save_network, write_json
from ..privacy.parts import require_private
from ..privacy.stages import write_mechanism
from .assembly import fit_as_configured
from .config import ModelConfig, PretrainConfig
from .devices import choose_device
from .engines.in_process import InProcess
from .evaluation import evaluation, scores
from .fit import Outcome
from .networks import build_network, refusals, require_architecture, require_part, resolve_model
from .private_pretraining import Private
from .progress import Progress
from .rows import Rows
from .seeding import derive, reproducible
from .tables import labelled, unlabelled


def pretrain(
    *,
    dataset: Path,
    model: ModelConfig,
    config: PretrainConfig,
    out: Path,
    scratch: Path,
    progress: Callable[[Progress], None] = lambda progress: None,
    preprocessor: Preprocessor | None = None,
    privacy: Private | None = None,
) -> dict[str, Any]:
    """Pretrain a network on the train rows; the validation rows tell the best epoch, where losses can tell.

    Writes `weights/model.safetensors`, `architecture.json`, `preprocess.json`, `history.json`, where two rows
    or more validate `evaluation.json`, and of private pretraining its mechanism, `privacy.json`. The weights
    are those of the whole network; its head is as random as it began.

    Args:
        dataset: folder of a dataset artifact.
        model: the network.
        config: the section `pretrain` of the spec.
        out: folder to fill.
        scratch: folder for checkpoints, which outlives the process.
        progress: told at most five times a second.
        preprocessor: from public knowledge or public rows; None fits one on the train rows.
        privacy: how the train rows are kept private, or None.

    Returns:
        Engine, epochs and the like, for the manifest; `collapsed` says that all rows got one representation,
        for `feature_std` is near 0.

    Raises:
        SpecError: a name or a value that can't be used.
        CombinationError: a method for another kind of data, for other networks, or that can't be private.
        BudgetError: the account doesn't allow what the run would cost.
    """
    data, device = Dataset.open(dataset), choose_device(config.device)
    model, method = resolve_pretraining(model, config, data.schema.modality, private=privacy is not None)
    given, preprocessor = preprocessor, preprocessor or Preprocessor.fit(data.table("train"), data.schema)
    with reproducible(derive(config.seed, "pretrain"), strict=device.type == "cpu"):
        network = build_network(model, preprocessor, config.seed)
        objective = pretraining_objective(config, network, data.schema).to(device)
        network.head.requires_grad_(privacy is None)  # no loss asks it; noise alone would move it
        outcome, details, found = _learned(
            network,
            objective,
            labelled(preprocessor, data.table("train"), device, persons=privacy and privacy.persons),
            labelled(preprocessor, data.table("validation"), device),
            classes=len(data.schema.classes),
            judged=not method.moving_target,
            model=model, config=config, scratch=scratch, progress=progress, preprocessor=given,
            **({} if privacy is None else privacy.arguments(data, preprocessor)),
        )  # fmt: skip
    save_network(out, network, name=str(model.architecture), options=model.options, preprocessor=preprocessor)
    write_json(out / "history.json", outcome.history)
    if found:
        write_json(out / "evaluation.json", found)
    if privacy is not None:
        write_mechanism(out, details["privacy"])
    return {**details, "method": config.method, "preprocessing": "given" if given else "train rows"}


def resolve_pretraining(
    model: ModelConfig, config: PretrainConfig, modality: str, *, private: bool
) -> tuple[ModelConfig, Part]:
    """The model with every option filled in, and the method's row, where they fit each other and the data.

    Raises:
        SpecError: a name that doesn't exist.
        CombinationError: a method for another kind of data, for other networks, or that can't be private.
    """
    model = resolve_model(model, modality)
    method = require_part("pretrain.method", config.method, PRETRAINING, modality)
    require_architecture(config.method, str(model.architecture))
    if private:
        require_private("pretrain.method", config.method, PRETRAINING, config.options)
    return model, method


def _learned(
    network: Network,
    objective: nn.Module,
    rows: Rows,
    validation: Rows,
    *,
    classes: int,
    judged: bool,
    config: PretrainConfig,
    **arguments: Any,
) -> tuple[Outcome, dict[str, Any], dict[str, Any]]:
    """Learn, and score the representation before and after.

    Args:
        network: whose representation is learned.
        objective: the method's.
        rows: with labels, which are hidden from learning.
        validation: likewise.
        classes: number of classes, 0 for regression.
        judged: whether validation losses tell the best epoch.
        config: the section `pretrain` of the spec.
        arguments: further ones of `fit_as_configured`.

    Returns:
        What came of it, its details, and what `evaluation.json` holds: nothing without two validation rows.
    """
    score = partial(scores, network, rows, validation, classes=classes, seed=config.seed)
    before = score() if len(validation) > 1 else None
    outcome, details = fit_as_configured(
        objective, unlabelled(rows), unlabelled(validation) if judged and len(validation) else None,
        stage="pretrain", config=config, engine=InProcess(), **arguments,
    )  # fmt: skip
    if before is None:
        return outcome, details, {}
    found = evaluation(before, score(), rows, validation, classes)
    seen = {"feature_std": found["after"]["feature_std"], "collapsed": found["collapsed"]}
    return outcome, details | seen, found


def pretraining_objective(config: PretrainConfig, network: Network, schema: Schema) -> nn.Module:
    """The method's objective; images get the views that they are contrasted by.

    Args:
        config: the section `pretrain` of the spec.
        network: whose representation is learned.
        schema: of the data.

    Raises:
        SpecError: an option's value makes no sense.
        CombinationError: views that the method doesn't look at, or that these images can't have.
    """
    looked_at = schema.image if PRETRAINING[config.method].views else None
    refuse_unfit_views("pretrain", config.augment, looked_at, f"method {config.method}, which compares none")
    with refusals("pretrain.options"):
        return build_pretraining(
            config.method,
            network,
            augment=partial(random_view, config=config.augment) if schema.image else None,
            **config.options,
        )
