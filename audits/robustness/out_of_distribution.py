"""Rows from elsewhere, made from test rows, and how well each score tells them from test rows."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from ..findings import Findings, number
from ..intervals import Proportions, area_limits, roc_area, tails
from . import foreign_rows
from .columns import deviation, values, with_values
from .corruptions.audit import images_of, with_images
from .rates import Marks, overall, worst_of
from .subject import NoAnswerError, Subject

__all__ = ["materials", "out_of_distribution"]

_METRIC = "foreign_rows_auroc"
_FAR = 3.0
_PATCHES = 4
_ACCEPTED = 0.95


def out_of_distribution(subject: Subject, background: pa.Table) -> Findings:
    """Area under the ROC curve of each score, own rows against each material, and what slips through.

    Args:
        subject: model and own rows.
        background: train rows, whose representations own rows are compared with.

    Returns:
        `foreign_rows{n, materials{material: {score: {auroc, accepted}}}}`; `accepted` is the share of foreign
        rows above the threshold that 95% of the own rows pass (FPR@95). The metric is the lowest area of the
        largest score over materials.
    """
    place = "/foreign_rows"
    if subject.regression:
        return Findings(missing={place: "a regression gives no scores that could tell rows apart"})
    try:
        score = _scorers(subject, background)
        own = score(subject.table)
        foreign = {name: score(table) for name, table in materials(subject)}
    except NoAnswerError as error:
        return Findings(missing={place: str(error)})
    if not foreign:
        return Findings(missing={place: "fewer than two columns: nothing can be taken apart"})
    found: dict[str, dict[str, Any]] = {}
    areas = []
    for material, theirs in foreign.items():
        found[material] = {}
        for name in own:
            area, numbers = _compare(own[name], theirs[name], subject)
            found[material][name] = numbers
            areas += [area] if name == "largest_score" else []
    metric = worst_of(areas, 2 * len(subject.weight), subject.config.confidence)
    return Findings(values={
        "foreign_rows": {"n": len(subject.weight), "materials": found},
        "metrics": {_METRIC: metric},
    })  # fmt: skip


def materials(subject: Subject) -> Iterator[tuple[str, pa.Table]]:
    """Images: noise, patches in another order, negatives. Tables: columns taken apart, numbers far out, words
    in another order."""
    table, schema = subject.table, subject.schema
    seed = subject.config.robustness.seed
    if schema.modality == "image":
        images = (images_of(table, schema) * 255 + 0.5).astype(np.uint8)
        rng = np.random.default_rng(seed)
        yield "noise", with_images(table, schema, rng.integers(0, 256, images.shape, dtype=np.uint8))
        yield "shuffled_patches", with_images(table, schema, _shuffled(images, rng))
        yield "negative", with_images(table, schema, 255 - images)
        return
    names = [c.name for c in schema.features if c.name in table.column_names]
    if len(names) > 1:
        yield "independent_columns", _independent(table, names, seed)
    texts = [c.name for c in schema.features if c.kind == "text" and c.name in table.column_names]
    if texts:
        yield "shuffled_words", _scrambled(table, texts, seed)
    numeric = [c.name for c in schema.features if c.kind == "numeric" and c.name in table.column_names]
    if numeric:
        yield "far_numbers", _far(table, numeric)


def _shuffled(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image cut into a grid of patches that change places; a rest at the edge stays."""
    found = images.copy()
    height, width = (side // _PATCHES for side in images.shape[2:])
    if not height or not width:
        return found
    corners = [(y * height, x * width) for y in range(_PATCHES) for x in range(_PATCHES)]
    for image, source in zip(found, images, strict=True):
        for (y, x), (v, u) in zip(corners, [corners[i] for i in rng.permutation(len(corners))], strict=True):
            image[:, y : y + height, x : x + width] = source[:, v : v + height, u : u + width]
    return found


def _independent(table: pa.Table, names: list[str], seed: int) -> pa.Table:
    """Every column from other rows: each value is ordinary, their combination isn't."""
    for place, name in enumerate(names):
        order = np.random.default_rng((seed, place)).permutation(table.num_rows)
        table = table.set_column(table.column_names.index(name), name, table[name].take(pa.array(order)))
    return table


def _scrambled(table: pa.Table, names: list[str], seed: int) -> pa.Table:
    """The words of each text in an order of chance."""
    rng = np.random.default_rng(seed)
    for name in names:
        said = [None if text is None else text.split() for text in table[name].to_pylist()]
        mixed = [None if words is None else " ".join(rng.permutation(words)) for words in said]
        table = table.set_column(table.column_names.index(name), name, pa.array(mixed, pa.string()))
    return table


def _far(table: pa.Table, numeric: list[str]) -> pa.Table:
    """Every number three deviations up or down, column by column in turn."""
    for place, name in enumerate(numeric):
        column = values(table, name)
        step = _FAR * deviation(column) * (-1) ** place
        table = with_values(table, name, column + step)
    return table


def _scorers(subject: Subject, background: pa.Table) -> Callable[[pa.Table], dict[str, np.ndarray]]:
    """From a table to every score that the model allows."""
    scorer = subject.scorer
    module = getattr(scorer, "module", None) if hasattr(scorer, "inputs") else None
    known = _encoded(module, scorer.inputs(background)) if hasattr(module, "encode") else None
    decided = subject.ask(background)[1]

    def score(table: pa.Table) -> dict[str, np.ndarray]:
        found = {"largest_score": foreign_rows.largest_score(subject.ask(table)[0])}
        if module is not None:
            inputs = scorer.inputs(table)
            with torch.no_grad():
                found["energy"] = foreign_rows.energy(module(*inputs).double().numpy())
            if known is not None and len(known) > foreign_rows.NEIGHBOUR:
                asked = _encoded(module, inputs)
                found["nearest_neighbour"] = foreign_rows.nearest_neighbour(known, asked)
                found["mahalanobis"] = foreign_rows.mahalanobis(known, decided, asked)
        return found

    return score


def _encoded(module: Any, inputs: Any) -> np.ndarray:
    with torch.no_grad():
        return module.encode(*inputs).double().numpy()


def _compare(own: np.ndarray, foreign: np.ndarray, subject: Subject) -> tuple[Proportions, dict[str, Any]]:
    """Area with DeLong's interval, and the share of foreign rows that are taken for own ones."""
    is_own = np.repeat([True, False], [len(own), len(foreign)])
    both = np.round(np.concatenate([own, foreign]), 9)
    weight = np.concatenate([subject.weight, subject.weight])
    area, influence = roc_area(both, is_own, weight)
    sizes = np.array([len(own)]), np.array([len(foreign)])
    found = area_limits(np.array([area]), np.array([(influence**2).sum()]), *sizes)
    ends = [found.limits(z) for z in tails(subject.config.confidence)]
    (low, high), (lower, upper) = ((float(end[0]) for end in pair) for pair in ends)
    # The own rows' 5% quantile is taken as given: its own uncertainty is not in the interval.
    order = np.argsort(own, kind="stable")
    passed = np.cumsum(subject.weight[order]) / subject.weight.sum()
    level = own[order][np.searchsorted(passed, 1 - _ACCEPTED)]
    accepted = overall(
        Marks(values=(foreign >= level).astype(float)), subject.weight, subject.config.confidence
    )
    numbers = {"auroc": number(area, min(low, area), max(high, area), len(both), (lower, upper))}
    return found, numbers | ({} if accepted is None else {"accepted": accepted})
