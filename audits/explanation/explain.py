"""The explanation section of a report: methods, examples, and how faithful each method is."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import ExplainConfig
from ..findings import Findings
from .methods import METHODS, chosen

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from .section import Section
    from .subject import Scorer, Subject


def explain(
    predictor: "Scorer",
    table: "pa.Table",
    *,
    y_true: "np.ndarray",
    config: ExplainConfig,
    pictures: Path,
    background: "pa.Table",
    sensitive: "Mapping[str, np.ndarray] | None" = None,
) -> Findings:
    """Explain a model on test rows; the same inputs give the same findings.

    Args:
        predictor: the model.
        table: test rows.
        y_true: codes or values `(n,)`, in the unit of `predictor.predict`.
        config: methods, numbers of rows and examples, seed.
        pictures: folder that exists, for PNGs; findings name them relative to its parent.
        background: train rows, over which the starting point of attributions is averaged, and from which
            values come that columns are replaced by.
        sensitive: group of each row by attribute, `(n,)` str; the error browser goes by them.

    Returns:
        `methods` {name: global, examples, settings}, `faithfulness` and `error_browser`; what can't be had
        is missing.

    Raises:
        SpecError: a method is unknown or doesn't suit the data.
    """
    # Captum and torch are slow to import: `assay list` reads METHODS without them.
    from .attention_rollout import has_attention
    from .error_browser import browse
    from .subject import Subject

    subject = Subject(
        predictor=predictor,
        table=table,
        y_true=y_true,
        background=background,
        config=config,
        pictures=pictures,
        sensitive=sensitive or {},
    )
    has = {"text": bool(subject.texts), "attention": has_attention(subject.module)}
    names = chosen(config.methods, subject.modality, [trait for trait, there in has.items() if there])
    if table.num_rows == 0:
        return Findings(missing={f"/methods/{name}": "there are no test rows" for name in names})
    if hasattr(subject.module, "eval"):
        subject.module.eval()
    run = _runners(subject)
    sections = {name: run[name](subject) for name in names}
    missing = {f"/methods/{name}": found.missing for name, found in sections.items() if found.missing}
    bodies = {name: found.body for name, found in sections.items() if not found.missing}
    for name, body in bodies.items():
        body["settings"]["cannot_say"] = METHODS[name].cannot_say
    checks = {name: value for found in sections.values() for name, value in found.faithfulness.items()}
    values: dict[str, Any] = {"methods": bodies, "faithfulness": checks, "error_browser": browse(subject)}
    return Findings(values=values, missing=missing)


def _runners(subject: "Subject") -> "Mapping[str, Callable[[Subject], Section]]":
    """What computes each method's section, for tables or for images."""
    from . import flipped, images, tabular

    if subject.modality == "image":
        return {
            "grad_cam": images.looked_at,
            "occlusion": images.occluded,
            "attention_rollout": images.rolled_out,
        }
    return {
        "integrated_gradients": tabular.attributed,
        "kernel_shap": tabular.kernel,
        "permutation_importance": tabular.permuted,
        "counterfactuals": flipped.flipped,
        "exact_shapley": tabular.enumerated,
        "gradient_shap": tabular.expected_gradients,
        "occlusion": tabular.occluded,
        "attention_rollout": tabular.rolled_out,
    }
