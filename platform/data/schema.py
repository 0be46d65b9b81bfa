"""What the columns of a dataset are, and what each is for."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..exceptions import DataError, nearest
from .text_config import TextConfig

ROW = "__row__"
"""Name of the column that holds a row's position in the source."""

KINDS = ("numeric", "categorical", "date", "text", "identifier", "constant", "image")
ROLES = ("feature", "target", "sensitive", "weight", "split", "ignored")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the source.

    Args:
        kind: one of `KINDS`.
        role: one of `ROLES`.
        why: what the kind and the role were read from, for a person.
        format: dates written as text: their strptime format; None is ISO 8601.
    """

    name: str
    kind: str
    role: str
    why: str
    format: str | None = None


@dataclass(frozen=True, kw_only=True)
class Schema:
    """Columns, task and groups of a dataset.

    Args:
        modality: `tabular`, `image` or `text`.
        task: `binary`, `multiclass` or `regression`.
        classes: class names in the order of their codes; empty for regression. Binary: the positive one last.
        positive: binary tasks: the class with code 1.
        bands: edges that cut numeric sensitive columns into groups.
        image: `(channels, height, width)`.
        text: how texts become tokens.
    """

    modality: str
    task: str
    columns: tuple[Column, ...]
    target: str
    classes: tuple[str, ...] = ()
    positive: str | None = None
    sensitive: tuple[str, ...] = ()
    use_sensitive: bool = False
    bands: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    weight: str | None = None
    image: tuple[int, int, int] | None = None
    text: TextConfig | None = None

    def column(self, name: str) -> Column:
        """The column of that name; DataError with the nearest name if there is none."""
        by_name = {column.name: column for column in self.columns}
        return by_name[resolve(name, by_name, what="column")]

    @property
    def features(self) -> tuple[Column, ...]:
        """Columns that the model sees, in the source's order: texts alone, or all others."""
        roles = ("feature", "sensitive") if self.use_sensitive else ("feature",)
        fit = ("text",) if self.modality == "text" else ("numeric", "categorical", "date", "image")
        return tuple(column for column in self.columns if column.role in roles and column.kind in fit)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        data = asdict(self) | {"bands": {name: list(edges) for name, edges in self.bands.items()}}
        if self.text is None:
            del data["text"]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Schema":
        """Inverse of `to_json`."""
        fixed = {
            "columns": tuple(Column(**column) for column in data["columns"]),
            "classes": tuple(data["classes"]),
            "sensitive": tuple(data["sensitive"]),
            "bands": {name: tuple(edges) for name, edges in data["bands"].items()},
            "image": tuple(data["image"]) if data["image"] else None,
            "text": TextConfig(**data["text"]) if "text" in data else None,
        }
        return cls(**{**data, **fixed})


def resolve(name: str, known: Iterable[str], *, what: str) -> str:
    """The known name that a person means: exact, or equal but for case and surrounding spaces.

    Raises:
        DataError: no known name, or more than one, is meant.
    """
    names = list(known)
    if name in names:
        return name
    alike = [other for other in names if other.strip().casefold() == name.strip().casefold()]
    if len(alike) == 1:
        return alike[0]
    raise DataError(
        f"there is no {what} {name!r}" if not alike else f"{what} {name!r} could be any of {alike}",
        got=repr(name),
        expected="the name of a column of the data",
        mend=nearest(name, names),
    )
