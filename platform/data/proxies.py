"""Proxies: how well do the other columns tell a sensitive column, though the model doesn't see it?

A model can act on a group it is never told of where others columns give the group away (Dwork et al. 2012,
https://arxiv.org/abs/1104.3913, section on redundant encoding).
"""

from typing import Any

import numpy as np
import pyarrow as pa

from . import bands
from .schema import Schema

_SAMPLE = 4000
_FOLDS = 3
_SMALLEST_GROUP = 10
_SHOWN = 5


def proxies(train: pa.Table, schema: Schema) -> dict[str, Any]:
    """For each sensitive column: AUROC of predicting it from all features, and the strongest single features.

    Args:
        train: rows of the train split.

    Returns:
        attribute -> `auroc` (macro one-vs-rest by cross-validation; 0.5 is chance, 1 gives the group away), `rows`,
        `columns` (the strongest, by association in [0, 1]); without `auroc` where it can't be measured, with the `reason`.
    """
    if not schema.sensitive or schema.modality != "tabular":
        return {}
    from .preprocess import Preprocessor

    blind = _without_sensitive(schema)
    if not blind.features:
        return {name: {"reason": "there is no other feature"} for name in schema.sensitive}
    sample = train.take(np.sort(splits_shuffled(len(train))[:_SAMPLE]))
    fitted = Preprocessor.fit(sample, blind)
    numeric, codes = fitted.raw(sample)
    found = {}
    for name in schema.sensitive:
        cuts = tuple(schema.bands.get(name, ()))
        groups = bands.groups(sample[name], schema.column(name).kind, name, cuts)
        single = _strengths(fitted, numeric, codes, groups)
        found[name] = _predictability(numeric, codes, groups) | {"rows": len(sample), "columns": single}
    return found
