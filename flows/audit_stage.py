"""The audit stage: the only place of a run where the test split is read."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..audits.bounds import with_bounds
from ..audits.config import AuditConfig
from ..audits.explanation import explain
from ..audits.findings import Findings
from ..audits.mitigation import Candidates
from ..audits.predictions import Predictions
from ..audits.robustness.stress import stress
from ..audits.slices import Columns
from ..platform.baselines import fit
from ..platform.calibration.temperature import labelled_validation
from ..platform.data.dataset import Dataset
from ..platform.data.values import numbers
from ..platform.federated.config import PartitionConfig
from ..platform.mitigation.operating_point import CANDIDATES, is_mitigated, read_mitigation
from ..platform.predictor import Model, load_model
from ..platform.privacy.canaries.scores import CANARIES, CANARY_ROWS, CanaryScores
from ..platform.training.config import TrainConfig
from .client_rows import owners_of
from .findings_file import to_bytes
from .measure import Evidence, at_confidence, measure
from .member_evidence import members_of
from .row_audit import audit_rows
from .truth import truth

#: Train rows that explanations take their background from.
_BACKGROUND_ROWS = 512

#: The baseline whose errors on corrupted images the model's are divided by.
_REFERENCE = "logistic_regression"


def audit(
    *,
    dataset: Path,
    model: Path,
    config: AuditConfig,
    out: Path,
    train: TrainConfig | None = None,
    partition: PartitionConfig | None = None,
) -> Mapping[str, Any]:
    """Predict the test rows, measure, explain; write predictions, findings and pictures.

    Args:
        dataset: folder of a dataset artifact.
        model: folder of a calibrated model artifact.
        config: what is audited and how.
        out: folder to fill.
        train: how the model was trained, where shadow models can be trained alike.
        partition: how rows were dealt to the clients that trained it; None where there were none.

    Returns:
        For the manifest: rows that were audited, and how long predicting them took.
    """
    data, predictor = Dataset.open(dataset), load_model(model)
    test, learned = data.test_table(), data.table("train")
    began = time.perf_counter()
    predictions = _predictions(predictor, test)
    seconds = time.perf_counter() - began
    baselines = fit(learned, predictor.preprocessor)
    evidence = Evidence(
        model=predictions,
        validation=_predictions(predictor, data.table("validation")),
        baselines={
            name: _beside(predictions, predictor, baseline(test)) for name, baseline in baselines.items()
        },
        columns=Columns.read(test, data.schema, config.slices),
        candidates=_candidates(model, data.table("validation"), test) if is_mitigated(model) else None,
        members=members_of(predictor, model, data, config.privacy, train),
        canaries=CanaryScores.found(model / CANARIES),
        canary_rows=CanaryScores.found(model / CANARY_ROWS),
        owners=owners_of(learned, test, partition),
    )
    evidence.save(out)
    (out / "pictures").mkdir()
    asking: dict[str, Callable[[], Findings]] = {
        "explanation": lambda: explain(
            predictor, test, y_true=predictions.y_true, config=config.explain, pictures=out / "pictures",
            background=learned.slice(0, _BACKGROUND_ROWS), sensitive=predictions.sensitive,
        ),
        "stress": lambda: _stressed(
            config,
            lambda asked: stress(
                predictor, test, predictions, config=asked, background=learned.slice(0, _BACKGROUND_ROWS),
                pictures=out / "pictures", reference=baselines.get(_REFERENCE),
            ),
        ),
    }  # fmt: skip
    reason = _out_of_reach(predictor)
    findings = measure(evidence, config) | {"data": audit_rows(dataset, predictions, config)}
    findings |= {
        # Explanations replace whole columns and leave out words: they can ask about any column there is.
        room: Findings(missing={"": reason}) if reason and room != "explanation" else ask()
        for room, ask in asking.items()
    }
    (out / "findings.json").write_bytes(to_bytes(findings))
    return {"rows": test.num_rows, "prediction": {"rows": test.num_rows, "seconds": seconds}}


def _out_of_reach(predictor: Model) -> str | None:
    """Why the model can't be asked about changed rows: it reads columns that are no features here."""
    features = {column.name for column in predictor.schema.features}
    beyond = [name for name in getattr(predictor, "columns", ()) if name not in features]
    return (
        f"The model reads {', '.join(map(repr, beyond))}, which no method here can change."
        if beyond
        else None
    )


def _candidates(model: Path, validation: pa.Table, test: pa.Table) -> Candidates:
    """What each candidate says of the rows that it was chosen by, and of the test rows."""
    facts, seen = read_mitigation(model), labelled_validation(validation, model)
    predictions = {}
    for one in facts["candidates"]:
        candidate = load_model(model / CANDIDATES / one["name"])
        predictions[one["name"]] = {
            "validation": _predictions(candidate, seen),
            "test": _predictions(candidate, test),
        }
    return Candidates(facts=facts, predictions=predictions)


def _stressed(config: AuditConfig, ask: Callable[[AuditConfig], Findings]) -> Findings:
    """What the model does on changed rows; asked again only for bounds at other confidences."""
    found = with_bounds(
        lambda confidence: {"": ask(at_confidence(config, confidence))}, config.confidences, {"": ask(config)}
    )
    return found[""]


def predict_test(*, dataset: Path, model: Path) -> Predictions:
    """A model's predictions of the test rows, and nothing else of an audit."""
    return predict(model, Dataset.open(dataset).test_table())


def predict(model: Path, rows: pa.Table) -> Predictions:
    """A model's predictions of labelled rows."""
    return _predictions(load_model(model), rows)


def _predictions(predictor: Model, table: pa.Table) -> Predictions:
    """What the model says of some rows, beside what is true."""
    scores = predictor.predict(table)
    return Predictions(
        task=predictor.task,
        classes=predictor.classes,
        positive=predictor.positive,
        rows=table["__row__"].to_numpy(),
        y_true=truth(predictor, table),
        y_pred=predictor.decide(scores, table),
        scores=_scores(predictor, scores),
        sensitive=predictor.preprocessor.sensitive(table),
        weight=_weight(predictor, table),
    )


def _beside(model: Predictions, predictor: Model, found: np.ndarray) -> Predictions:
    """A baseline's predictions of the same rows: it decides for the likeliest class, or the value."""
    y_pred = found if model.task == "regression" else found.argmax(axis=1)
    return dataclasses.replace(model, y_pred=y_pred, scores=_scores(predictor, found))


def _scores(predictor: Model, found: np.ndarray) -> np.ndarray | None:
    """Probabilities; a regression has values alone, and they are its decisions."""
    decisions_alone = predictor.task == "regression" or not getattr(predictor, "probabilities", True)
    return None if decisions_alone else found


def _weight(predictor: Model, test: pa.Table) -> np.ndarray | None:
    name = predictor.preprocessor.schema.weight
    return None if name is None else numbers(test[name], name).to_numpy()
