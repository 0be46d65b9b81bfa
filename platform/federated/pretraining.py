"""The stage `pretrain` where rows stay with clients: rounds of self-supervised learning.

As van Berlo et al., "Towards Federated Unsupervised Representation Learning" (2020), EdgeSys,
https://doi.org/10.1145/3378679.3394530: FedAvg over all that an objective learns, also what is thrown away
afterwards, such as projections and the slow copies of BYOL.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ..data.dataset import Dataset
from ..data.preprocess import Preprocessor
from ..predictor.artifact import load_network, write_json
from ..training.config import ModelConfig, PretrainConfig, TrainConfig
from ..training.evaluation import evaluation, scores
from ..training.pretraining import resolve_pretraining
from ..training.progress import Progress
from ..training.tables import labelled
from .config import FederatedConfig
from .dealing import deal
from .job import Job, write_model
from .training import CLIENTS, details_of, learn_at_clients, told_of_clients

__all__ = ["pretrain_federated"]


def pretrain_federated(
    *,
    dataset: Path,
    model: ModelConfig,
    config: PretrainConfig,
    train: TrainConfig,
    federated: FederatedConfig,
    out: Path,
    scratch: Path,
    progress: Callable[[Progress], None] = lambda progress: None,
    preprocessor: Preprocessor | None = None,
) -> dict[str, Any]:
    """Pretrain a network by rounds, at the clients that will train it and on all their train rows.

    Writes what `pretrain` writes, and `clients.json`. What the representation is worth, `evaluation.json`,
    is told from all clients' rows together, which a real federation could not do.

    Args:
        dataset: folder of a dataset artifact.
        model: the network.
        config: the section `pretrain` of the spec.
        train: its section `train`, whose seed deals the rows.
        federated: its section `federated`.
        out: folder to fill.
        scratch: folder for the clients' own folders, as long as they are needed.
        progress: told after each round, at most five times a second.
        preprocessor: from public knowledge; None fits one on all clients' train rows together.

    Returns:
        Grid, rounds and the like, for the manifest.

    Raises:
        SpecError: a name or a value that can't be used.
        CombinationError: two settings that can't be had together.
        AssayError: too few clients answered in a round; nothing is written then.
    """
    data = Dataset.open(dataset)
    model, _ = resolve_pretraining(model, config, data.schema.modality, private=False)
    told = preprocessor or Preprocessor.fit(data.table("train"), data.schema)
    dealt = deal(data, told, federated, train.seed)
    job = Job(
        model=model,
        train=train,
        federated=federated,
        preprocessor=told,
        clients=len(dealt.partition.names),
        pretrain=config,
    )
    result = learn_at_clients(job, data, dealt, scratch=scratch, progress=progress)
    write_model(job, result, out)
    write_json(out / CLIENTS, told_of_clients(dealt, federated, result))
    return {
        **details_of(job, result),
        **_judged(job, data, out),
        "method": config.method,
        "preprocessing": "given" if preprocessor else "train rows of all clients",
    }


def _judged(job: Job, data: Dataset, out: Path) -> dict[str, Any]:
    """Write `evaluation.json` where two rows or more validate, and tell what of it goes to the manifest."""
    before, (after, _), schema = job.learner().network, load_network(out), data.schema
    rows, validation = (
        labelled(job.preprocessor, data.table(split), torch.device("cpu"))
        for split in ("train", "validation")
    )
    if len(validation) < 2:
        return {}
    score = partial(
        scores, train=rows, validation=validation, classes=len(schema.classes), seed=job.section.seed
    )
    found = evaluation(score(before.cpu()), score(after), rows, validation, len(schema.classes))
    write_json(out / "evaluation.json", found)
    return {"feature_std": found["after"]["feature_std"], "collapsed": found["collapsed"]}
