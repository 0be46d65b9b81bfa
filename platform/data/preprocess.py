"""From raw values to what a network is given; fitted on train rows only, kept in the model artifact."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ..exceptions import DataError
from . import bands, categorical, numeric
from .categorical import CategoricalFeature
from .checkpoint_tokens import CheckpointTokens
from .compute import pc
from .decorrelation import Decorrelation
from .numeric import NumericFeature
from .pixels import Pixels
from .schema import Column, Schema, resolve
from .tokens import Tokens
from .values import categories, dates, numbers

_DATE_PARTS = ("day", "month", "weekday")


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Mean and standard deviation of a regression target, in its own unit."""

    mean: float
    std: float


@dataclass(frozen=True, kw_only=True)
class Preprocessor:
    """Fitted encoders of every feature, and of the target.

    Args:
        scale: regression only.
        pixels: images only; `numeric` and `categorical` are then empty.
        tokens: texts only; `numeric` and `categorical` are then empty.
        decorrelation: where correlation with sensitive columns is removed; these are then needed, too.
    """

    schema: Schema
    numeric: tuple[NumericFeature, ...] = ()
    categorical: tuple[CategoricalFeature, ...] = ()
    pixels: Pixels | None = None
    tokens: Tokens | CheckpointTokens | None = None
    scale: Scale | None = None
    decorrelation: Decorrelation | None = None

    @classmethod
    def fit(
        cls,
        table: pa.Table,
        schema: Schema,
        *,
        pixels: Pixels | None = None,
        tokens: CheckpointTokens | None = None,
    ) -> "Preprocessor":
        """Fits on the train rows.

        Args:
            table: the train rows.
            schema: what each column is.
            pixels: of images, where they aren't fitted here.
            tokens: of texts, where a checkpoint brings its own.
        """
        scale = _fit_scale(table, schema)
        if schema.modality == "image":
            assert schema.image is not None
            return cls(schema=schema, scale=scale, pixels=pixels or Pixels.fit(table["image"], schema.image))
        if schema.modality == "text":
            assert schema.text is not None
            names = [column.name for column in schema.features]
            return cls(schema=schema, scale=scale, tokens=tokens or Tokens.fit(table, names, schema.text))
        numerics: list[NumericFeature] = []
        for column in schema.features:
            for part, values in _parts(table, column).items():
                numerics += _fit_numeric(column.name, part, values)
        texts = [column.name for column in schema.features if column.kind == "categorical"]
        fitted = tuple(categorical.fit(name, table[name]) for name in texts)
        return cls(schema=schema, scale=scale, numeric=tuple(numerics), categorical=fitted)

    @property
    def feature_columns(self) -> tuple[str, ...]:
        """Columns of the source that a prediction needs."""
        return tuple(column.name for column in self.schema.features)

    def transform(self, table: pa.Table) -> tuple[np.ndarray, ...]:
        """What the network is given.

        Returns:
            Tabular: `(rows, numeric)` float32 and `(rows, categorical)` int64.
            Image: `(rows, channels, height, width)` float32.
            Text: `(rows, length)` int64 codes of tokens.

        Raises:
            DataError: a feature's column isn't in the table, or holds values that don't fit its kind.
        """
        given, table = table, self._with_names(table)
        if self.pixels is not None:
            return (self.pixels.transform(table["image"]),)
        if self.tokens is not None:
            return (self.tokens.transform(table),)
        raw = self._raw_numeric(table)
        scaled = np.empty((len(table), len(self.numeric)), dtype=np.float32)
        for position, feature in enumerate(self.numeric):
            scaled[:, position] = feature.transform(raw[:, position])
        codes = self._codes(table)
        if self.decorrelation is None:
            return scaled, codes
        groups = self.needed_groups(given, self.decorrelation.over, "its features are freed of it")
        return self.decorrelation.transform(scaled, codes, groups), codes[:, :0]

    def raw(self, table: pa.Table) -> tuple[np.ndarray, ...]:
        """The same features unscaled: float64 with NaN where missing, and int64 codes; images in [0, 1].

        Returns:
            `(rows, numeric)` and `(rows, categorical)`; images: `(rows, channels * height * width)`; texts:
            `(rows, length)` codes of tokens.
        """
        table = self._with_names(table)
        if self.pixels is not None:
            return (self.pixels.unit(table["image"]).reshape(len(table), -1),)
        if self.tokens is not None:
            return (self.tokens.transform(table),)
        return self._raw_numeric(table), self._codes(table)

    def targets(self, table: pa.Table) -> np.ndarray:
        """`(rows,)` int64 class codes, or float32 values standardised with train's mean and deviation."""
        column = table[resolve(self.schema.target, table.column_names, what="target column")]
        if self.scale is not None:
            values = numbers(column, self.schema.target).to_numpy()
            return ((values - self.scale.mean) / self.scale.std).astype(np.float32)
        labels = categories(column)
        codes = pc.index_in(labels, value_set=pa.array(self.schema.classes))
        if codes.null_count:
            odd = pc.unique(labels.filter(pc.is_null(codes))).to_pylist()
            raise DataError(
                f"the target {self.schema.target!r} holds labels that the model doesn't know",
                got=", ".join(map(repr, odd[:5])),
                expected=f"one of {', '.join(self.schema.classes)}",
                mend="leave those rows out",
            )
        return codes.to_numpy().astype(np.int64)

    def sensitive(self, table: pa.Table, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Group of each row by sensitive column, `(rows,)` arrays of str; numeric columns are banded.

        Args:
            names: of the columns; None takes all.
        """
        found = {
            name: resolve(name, table.column_names, what="sensitive column")
            for name in (self.schema.sensitive if names is None else names)
        }
        return {
            name: bands.groups(
                table[other], self.schema.column(name).kind, name, tuple(self.schema.bands.get(name, ()))
            )
            for name, other in found.items()
        }

    def needed_groups(self, table: pa.Table, names: Sequence[str], why: str) -> dict[str, np.ndarray]:
        """As `sensitive`, for a model that can't do without them.

        Raises:
            DataError: a column isn't there; it says `why` it is needed.
        """
        try:
            return self.sensitive(table, names)
        except DataError as error:
            raise DataError(
                f"a prediction of this model needs {', '.join(map(repr, names))}: {why}",
                got=error.message,
                expected="the sensitive columns beside the features; a cell may be empty where nobody knows",
                mend="add the column, or take a model whose mitigation doesn't need it at prediction time",
            ) from None

    def inputs(self) -> dict[str, Any]:
        """What `models.inputs` is made from; `columns` names each feature's source column."""
        if self.pixels is not None:
            channels, height, width = self.pixels.shape
            return {"kind": "image", "channels": channels, "height": height, "width": width}
        if self.tokens is not None:
            return self.tokens.inputs()
        if self.decorrelation is not None:
            return self._decorrelated_inputs(self.decorrelation)
        return {
            "kind": "tabular",
            "numeric": [feature.name for feature in self.numeric],
            "categorical": [feature.name for feature in self.categorical],
            "cardinalities": [feature.cardinality for feature in self.categorical],
            "bins": [list(feature.edges) for feature in self.numeric],
            "columns": [f.column for f in self.numeric] + [f.name for f in self.categorical],
        }

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; floats survive the round trip exactly."""
        data = asdict(self) | {"schema": self.schema.to_json()}
        for rare in ("decorrelation", "tokens"):
            if data[rare] is None:
                del data[rare]
        return json.loads(json.dumps(data))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Preprocessor":
        """Inverse of `to_json`."""
        return cls(
            schema=Schema.from_json(data["schema"]),
            numeric=tuple(NumericFeature(**_tuples(feature)) for feature in data["numeric"]),
            categorical=tuple(CategoricalFeature(**_tuples(feature)) for feature in data["categorical"]),
            pixels=Pixels(**_tuples(data["pixels"])) if data["pixels"] else None,
            tokens=_tokens(data["tokens"]) if "tokens" in data else None,
            scale=Scale(**data["scale"]) if data["scale"] else None,
            decorrelation=Decorrelation.from_json(data["decorrelation"]) if "decorrelation" in data else None,
        )

    def _decorrelated_inputs(self, removal: Decorrelation) -> dict[str, Any]:
        """Every feature is a number, a category as many as it has codes."""
        names = [feature.name for feature in self.numeric]
        columns = [feature.column for feature in self.numeric]
        for feature in self.categorical:
            names += [f"{feature.name} = {level}" for level in ("missing", "unknown", *feature.known)]
            columns += [feature.name] * feature.cardinality
        return {
            "kind": "tabular",
            "numeric": names,
            "categorical": [],
            "cardinalities": [],
            "bins": [list(edges) for edges in removal.edges],
            "columns": columns,
        }

    def _with_names(self, table: pa.Table) -> pa.Table:
        """The feature columns, under the names that they had in training."""
        tidy = {name.strip().casefold() for name in table.column_names}
        missing = [
            n
            for n in self.feature_columns
            if n not in table.column_names and n.strip().casefold() not in tidy
        ]
        if missing:
            raise DataError(
                "the table lacks columns that the model was trained on",
                got=f"no {', '.join(map(repr, missing))}",
                expected=f"the columns {', '.join(map(repr, self.feature_columns))}",
                mend="add them; a cell may be empty where its value isn't known",
            )
        found = [resolve(name, table.column_names, what="column") for name in self.feature_columns]
        return table.select(found).rename_columns(list(self.feature_columns))

    def _raw_numeric(self, table: pa.Table) -> np.ndarray:
        raw = np.empty((len(table), len(self.numeric)), dtype=np.float64)
        parts = {
            (column.name, part): values
            for column in self.schema.features
            for part, values in _parts(table, column).items()
        }
        for position, feature in enumerate(self.numeric):
            if feature.part == "missing":
                raw[:, position] = np.isnan(
                    next(v for (name, _), v in parts.items() if name == feature.column)
                )
            else:
                raw[:, position] = parts[feature.column, feature.part]
        return raw

    def _codes(self, table: pa.Table) -> np.ndarray:
        codes = np.empty((len(table), len(self.categorical)), dtype=np.int64)
        for position, feature in enumerate(self.categorical):
            codes[:, position] = feature.transform(table[feature.name])
        return codes


def _tokens(data: Mapping[str, Any]) -> Tokens | CheckpointTokens:
    return CheckpointTokens.from_json(data) if "pipeline" in data else Tokens.from_json(data)


def _parts(table: pa.Table, column: Column) -> dict[str, np.ndarray]:
    """The numbers of one column, float64 with NaN where missing; none for a categorical column."""
    if column.kind == "numeric":
        return {"value": _floats(numbers(table[column.name], column.name))}
    if column.kind != "date":
        return {}
    moments = dates(table[column.name], column.name, column.format)
    days = pc.cast(
        pc.floor(pc.divide(pc.cast(pc.cast(moments, pa.int64()), pa.float64()), 86_400e6)), pa.float64()
    )
    return dict(
        zip(_DATE_PARTS, map(_floats, (days, pc.month(moments), pc.day_of_week(moments))), strict=True)
    )


def _floats(column: pa.ChunkedArray) -> np.ndarray:
    return pc.fill_null(pc.cast(column, pa.float64(), safe=False), float("nan")).to_numpy()


def _fit_numeric(name: str, part: str, values: np.ndarray) -> list[NumericFeature]:
    """The scaled value and, where train has missing ones, an indicator of these (once a column)."""
    shown = name if part == "value" else f"{name} ({part})"
    features = [numeric.fit(shown, name, part, values)]
    if part in ("value", _DATE_PARTS[-1]) and np.isnan(values).any():
        features.append(numeric.fit(f"{name} (missing)", name, "missing", np.isnan(values).astype(float)))
    return features


def _fit_scale(table: pa.Table, schema: Schema) -> Scale | None:
    if schema.task != "regression":
        return None
    values = numbers(table[schema.target], schema.target).to_numpy()
    return Scale(mean=float(values.mean()), std=float(values.std()) or 1.0)


def _tuples(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
