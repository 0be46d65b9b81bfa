"""Preprocessing from what is known of the columns, such as a codebook: no row is looked at.

Quantiles, bins and the list of categories that `Preprocessor.fit` takes from the train rows are published
with the model, and no noise was added to them: with differential privacy they are outside the mechanism. What
is declared costs no privacy. Rows that are public themselves, such as an older release, may be fitted on as
ever: `Preprocessor.fit(public_rows, schema)`. `train(…, preprocessor=…)` takes either.

What the schema says (kinds of columns, names of classes) was read from the rows, too, unless a spec says it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from ..exceptions import DataError
from . import numeric
from .categorical import CategoricalFeature
from .numeric import NumericFeature
from .pixels import Pixels
from .preprocess import Preprocessor, Scale
from .schema import Column, Schema

__all__ = ["declared_preprocessor"]

_MONTHS, _WEEKDAYS = tuple(range(1, 13)), tuple(range(7))


def declared_preprocessor(
    schema: Schema,
    *,
    numbers: Mapping[str, Sequence[float]] | None = None,
    categories: Mapping[str, Sequence[str]] | None = None,
    missing: Collection[str] = (),
    target: tuple[float, float] | None = None,
) -> Preprocessor:
    """A preprocessor for the features of a schema; images need nothing but that.

    Args:
        schema: of the dataset.
        numbers: of each numeric feature, in its own unit, two rising values: the range, cut into equal bins,
            or more: the edges of its bins. Values outside count as the nearest end. A date's are days since
            1970-01-01.
        categories: of each categorical feature, every category that has a code of its own.
        missing: numeric and date features that may be empty: these get an indicator. Any other empty cell
            counts as the middle bin.
        target: regression: smallest and largest value.

    Raises:
        DataError: a feature isn't declared, what is declared is no such feature, or edges don't rise.
    """
    numbers, categories = numbers or {}, categories or {}
    if schema.modality == "image":
        assert schema.image is not None
        channels = schema.image[0]
        # [0, 1] to [-√3, √3]: mean 0 and deviation 1 if all levels were equally frequent.
        pixels = Pixels(shape=schema.image, mean=(0.5,) * channels, std=(12**-0.5,) * channels)
        return Preprocessor(schema=schema, scale=_scale(schema, target), pixels=pixels)
    if schema.modality == "text":
        raise DataError(
            "no vocabulary can be declared",
            got="texts",
            expected="columns of numbers, dates or categories, or images",
            mend="leave the codebook out: tokens are learned on the train rows",
        )
    counted = [column for column in schema.features if column.kind != "categorical"]
    named = [column.name for column in schema.features if column.kind == "categorical"]
    _refuse_difference("numbers", numbers, [column.name for column in counted])
    _refuse_difference("categories", categories, named)
    _refuse_difference("missing", missing, [c.name for c in counted if c.name in missing])
    return Preprocessor(
        schema=schema,
        scale=_scale(schema, target),
        numeric=tuple(
            feature
            for column in counted
            for feature in _features(column, numbers[column.name], indicator=column.name in missing)
        ),
        categorical=tuple(
            CategoricalFeature(name=name, known=tuple(sorted(set(categories[name])))) for name in named
        ),
    )


def _features(column: Column, edges: Sequence[float], *, indicator: bool) -> Iterator[NumericFeature]:
    """The numbers that a column gives, as `Preprocessor.fit` would order them."""
    name = column.name
    if len(edges) < 2 or not np.isfinite(edges).all() or not (np.diff(edges) > 0).all():
        raise DataError(
            f"the edges of {name!r} are no edges",
            got=", ".join(map(str, edges)) or "none",
            expected="two or more rising numbers",
            mend="give a range such as (0, 100), or the edges of its bins",
        )
    if column.kind == "numeric":
        yield numeric.declare(name, name, "value", edges)
    else:
        yield numeric.declare(f"{name} (day)", name, "day", edges)
        yield numeric.declare(f"{name} (month)", name, "month", _MONTHS)
        yield numeric.declare(f"{name} (weekday)", name, "weekday", _WEEKDAYS)
    if indicator:
        yield numeric.declare(f"{name} (missing)", name, "missing", (0, 1), bins=1)


def _scale(schema: Schema, target: tuple[float, float] | None) -> Scale | None:
    """Middle of the target's range, and its deviation if all values were equally frequent."""
    if schema.task != "regression":
        return None
    if target is None or not target[0] < target[1]:
        raise DataError(
            f"the range of the target {schema.target!r} isn't declared",
            got=target,
            expected="its smallest and its largest value",
            mend="give target=(low, high)",
        )
    return Scale(mean=sum(target) / 2, std=(target[1] - target[0]) / 12**0.5)


def _refuse_difference(what: str, given: Collection[str], features: Sequence[str]) -> None:
    """Raise where something is declared of other columns than it should be."""
    if set(given) != set(features):
        lacking, odd = sorted(set(features) - set(given)), sorted(set(given) - set(features))
        raise DataError(
            f"{what} are not declared for the columns that need them",
            got=f"nothing of {', '.join(map(repr, lacking))}"
            if lacking
            else f"also {', '.join(map(repr, odd))}",
            expected=", ".join(map(repr, features)) or "none",
            mend=f"name these columns in {what}",
        )
