"""The stage `pretrain`: learn a representation from every train row, without its label.

Labels are looked up only to say what the representation is worth: see `evaluation.py`.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from ...models.catalog import PRETRAINING, build_pretraining
from ...models.network import Network
from ..augmentation import contrastive_view
from ..data.dataset import Dataset
from ..data.preprocess import Preprocessor
from ..predictor.artifact import save_network, write_json
from ..privacy.parts import require_private
from ..privacy.stages import write_mechanism
from .assembly import fit_as_configured
from .config import ModelConfig, PretrainConfig
from .devices import choose_device
from .engines.in_process import InProcess
from .evaluation import evaluation, scores
from .networks import build_network, refusals, require_architecture, require_part, resolve_model
from .private_pretraining import Private
from .progress import Progress
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

    Writes `weights/model.safetensors`, `architecture.json`, `preprocess.json`, `history.json` and, where two
    rows or more validate, `evaluation.json`. The weights are those of the whole network; its head is as
    random as it began. Private pretraining adds its mechanism, `privacy.json`, for the training that follows.

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
    model = resolve_model(model, data.schema.modality)
    method = require_part("pretrain.method", config.method, PRETRAINING, data.schema.modality)
    require_architecture(config.method, str(model.architecture))
    if privacy is not None:
        require_private("pretrain.method", config.method, PRETRAINING, config.options)
    given, preprocessor = preprocessor, preprocessor or Preprocessor.fit(data.table("train"), data.schema)
    with reproducible(derive(config.seed, "pretrain"), strict=device.type == "cpu"):
        network = build_network(model, preprocessor, config.seed)
        objective = _objective(config, network, data.schema.modality).to(device)
        rows = labelled(preprocessor, data.table("train"), device, persons=privacy and privacy.persons)
        validation = labelled(preprocessor, data.table("validation"), device)
        score = partial(scores, network, rows, validation, classes=len(data.schema.classes), seed=config.seed)
        before = score() if len(validation) > 1 else None
        network.head.requires_grad_(privacy is None)  # no loss asks it; noise alone would move it
        outcome, details = fit_as_configured(
            objective,
            unlabelled(rows),
            unlabelled(validation) if len(validation) and not method.moving_target else None,
            stage="pretrain",
            model=model,
            config=config,
            scratch=scratch,
            progress=progress,
            engine=InProcess(),
            preprocessor=given,
            **({} if privacy is None else privacy.arguments(data, preprocessor)),
        )
        if before is not None:
            found = evaluation(before, score(), rows, validation, len(data.schema.classes))
            write_json(out / "evaluation.json", found)
            details |= {"feature_std": found["after"]["feature_std"], "collapsed": found["collapsed"]}
    save_network(out, network, name=str(model.architecture), options=model.options, preprocessor=preprocessor)
    write_json(out / "history.json", outcome.history)
    if privacy is not None:
        write_mechanism(out, details["privacy"])
    return {
        **details,
        "method": config.method,
        "preprocessing": "train rows" if given is None else "given",
    }


def _objective(config: PretrainConfig, network: Network, modality: str) -> nn.Module:
    """The method's objective; images get the views that they are contrasted by."""
    with refusals("pretrain.options"):
        return build_pretraining(
            config.method,
            network,
            augment=contrastive_view if modality == "image" else None,
            **config.options,
        )
