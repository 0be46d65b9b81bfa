"""The explanation section of a report: methods, examples, and how faithful each method is."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..config import ExplainConfig
from ..findings import Findings
from .methods import METHODS, chosen

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from .subject import Explainable


def explain(
    predictor: "Explainable",
    table: "pa.Table",
    *,
    y_true: "np.ndarray",
    config: ExplainConfig,
    pictures: Path,
    background: "pa.Table",
) -> Findings:
    """Explain a model on test rows; the same inputs give the same findings.

    Args:
        predictor: the model.
        table: test rows.
        y_true: codes or values `(n,)`, in the unit of `predictor.predict`.
        config: methods, numbers of rows and examples, seed.
        pictures: folder that exists, for PNGs; findings name them relative to its parent.
        background: train rows, over which the starting point of attributions is averaged.

    Returns:
        `methods` {name: global, examples, settings} and `faithfulness`; what can't be had is missing.

    Raises:
        SpecError: a method is unknown or doesn't suit the data.
    """
    # Captum and torch are slow to import: `assay list` reads METHODS without them.
    from .images import looked_at
    from .subject import Subject
    from .tabular import attributed, permuted

    run = {"integrated_gradients": attributed, "permutation_importance": permuted, "grad_cam": looked_at}
    assert run.keys() == METHODS.keys()
    subject = Subject(
        predictor=predictor,
        table=table,
        y_true=y_true,
        background=background,
        config=config,
        pictures=pictures,
    )
    names = chosen(config.methods, subject.modality)
    if table.num_rows == 0:
        return Findings(missing={f"/methods/{name}": "there are no test rows" for name in names})
    predictor.module.eval()
    sections = {name: run[name](subject) for name in names}
    missing = {f"/methods/{name}": found.missing for name, found in sections.items() if found.missing}
    bodies = {name: found.body for name, found in sections.items() if not found.missing}
    for name, body in bodies.items():
        body["settings"]["cannot_say"] = METHODS[name].cannot_say
    checks = {name: value for found in sections.values() for name, value in found.faithfulness.items()}
    return Findings(values={"methods": bodies, "faithfulness": checks}, missing=missing)
