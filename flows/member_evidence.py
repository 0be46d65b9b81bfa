"""What attacks on privacy start from: a model's outputs for rows that it learned from, and for test rows."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..audits.privacy.config import PrivacyAuditConfig
from ..audits.privacy.lira import ShadowConfidences
from ..audits.privacy.members import NO_SHADOWS, MemberEvidence
from ..platform.data.dataset import Dataset
from ..platform.data.schema import ROW
from ..platform.predictor import Model
from ..platform.training.config import TrainConfig
from .truth import truth

__all__ = ["members_of"]


def members_of(
    predictor: Model, model: Path, data: Dataset, config: PrivacyAuditConfig, train: TrainConfig | None
) -> MemberEvidence | None:
    """Outputs for a seeded part of the rows that the model was trained on, and of the test rows.

    Validation rows are neither: nothing was learned from them, but the model was chosen by them.

    Args:
        predictor: the model, opened.
        model: folder of its artifact.
        data: what it was trained on.
        config: how many rows, and whether shadow models are trained.
        train: how the model was trained, where shadow models can be trained alike.

    Returns:
        None where it isn't known who was trained on, or no attack was asked for.
    """
    trained = _trained_on(model, data.table("train")) if config.attacks else None
    if trained is None:
        return None
    rng = np.random.default_rng(config.seed)
    parts = [_part(table, config.rows, rng) for table in (trained, data.test_table())]
    table = pa.concat_tables(parts)
    return MemberEvidence(
        # Logits before calibration: who has the model has them, and shadow models' are on the same scale.
        outputs=predictor.predict(table) if predictor.task == "regression" else predictor.outputs(table),
        y_true=truth(predictor, table),
        member=np.repeat([True, False], [part.num_rows for part in parts]),
        sensitive=predictor.preprocessor.sensitive(table),
        shadows=_shadows(predictor, model, table, config, train),
    )


def _trained_on(model: Path, train: pa.Table) -> pa.Table | None:
    """The train rows whose labels training looked at; None for a model that was trained on rows elsewhere."""
    labels = model / "labels.json"
    if not labels.is_file():
        return None
    rows = json.loads(labels.read_bytes())["train_rows"]
    if rows == []:
        return None
    return train if rows is None else train.filter(pa.array(np.isin(train[ROW].to_numpy(), rows)))


def _part(table: pa.Table, rows: int, rng: np.random.Generator) -> pa.Table:
    if table.num_rows <= rows:
        return table
    return table.take(pa.array(np.sort(rng.choice(table.num_rows, size=rows, replace=False))))


def _shadows(
    predictor: Model, model: Path, table: pa.Table, config: PrivacyAuditConfig, train: TrainConfig | None
) -> ShadowConfidences | str:
    """What shadow models say of the rows, or why there are none."""
    if "lira" not in config.attacks or predictor.task == "regression":
        return NO_SHADOWS
    from .shadow_training import shadows_like

    return shadows_like(predictor, model, table, config, train)
