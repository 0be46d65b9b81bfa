"""What a spec may say of the data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from ..exceptions import SpecError
from .reference import check_shares
from .text_config import TextConfig

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True, kw_only=True)
class SplitConfig:
    """How rows are dealt to train, validation and test."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    test: float = 0.2
    """Share of the rows that only audits read. A source's official test split is kept instead."""

    validation: float = 0.1
    """Share of the rows for early stopping and calibration; of those outside an official test split."""

    seed: int = 0
    """Another seed deals the rows anew."""

    by: str | None = None
    """A column, such as a person's id, whose groups never cross splits."""

    fixed: Mapping[str, Mapping[Split, tuple[str, ...]]] = field(default_factory=dict)
    """One column, and of its values those whose rows are in a split: `{site: {test: [north, east]}}`. Rows of
    other values are dealt: a split that is listed gets no more of them, unless it is train."""

    def __post_init__(self) -> None:
        _check_fixed(self.fixed)
        for name in ("test", "validation"):
            share = getattr(self, name)
            if not 0 < share < 1:
                raise SpecError(
                    f"data.split.{name} is not a share",
                    got=share,
                    expected="a number above 0 and below 1",
                    mend=f"write for example split: {{{name}: 0.2}}",
                )
        if self.test + self.validation >= 1:
            raise SpecError(
                "data.split leaves no row to train on",
                got=f"test {self.test} + validation {self.validation}",
                expected="a sum below 1",
                mend="lower one of them",
            )


def _check_fixed(fixed: Mapping[str, Mapping[Split, tuple[str, ...]]]) -> None:
    """SpecError if it names several columns, nothing, or one value for two splits."""
    listed = [value for splits in fixed.values() for values in splits.values() for value in values]
    twice = [value for value in dict.fromkeys(listed) if listed.count(value) > 1]
    if len(fixed) > 1 or (fixed and not listed) or twice:
        raise SpecError(
            "data.split.fixed can't be kept",
            got=f"columns {', '.join(fixed)}"
            + (f"; in two places: {', '.join(map(repr, twice))}" if twice else ""),
            expected="one column, and each of its values for one split",
            mend="write for example fixed: {site: {test: [north], validation: [east]}}",
        )


@dataclass(frozen=True, kw_only=True)
class CodebookConfig:
    """What is publicly known of the columns before anybody looks at a row."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    numbers: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Of each numeric or date feature its range, or the edges of its bins: `{age: [17, 30, 45, 90]}`."""

    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of each categorical feature every category that has a code of its own."""

    missing: tuple[str, ...] = ()
    """Numeric and date features that may be empty."""

    target: tuple[float, float] | None = None
    """Regression: the smallest and the largest value of the target."""


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Which data, which column is predicted, which columns are sensitive."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    source: str
    """`builtin:NAME`, `csv:FILE`, `parquet:FILE`, `json:FILE`, `imagefolder:FOLDER`, `text:FOLDER`,
    `hf:REPO[@REVISION]`."""

    target: str | None = None
    """The column to predict; a built-in source knows its own."""

    sensitive: tuple[str, ...] = ()
    """Columns whose groups are audited. They stay out of the features unless `use_sensitive`."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Kinds that overrule the inferred ones: `{zip code: categorical}`."""

    ignore: tuple[str, ...] = ()
    """Columns that are kept in the data but are no features."""

    weight: str | None = None
    """A numeric column that weighs rows in training and in the audits."""

    use_sensitive: bool = False
    """Let the model see the sensitive columns."""

    bands: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Edges that cut a numeric sensitive column into groups: `{age: [25, 45, 65]}`; else from train."""

    positive: str | None = None
    """Binary tasks: the class counted as the positive decision."""

    split: SplitConfig = field(default_factory=SplitConfig)
    """How rows are dealt to train, validation and test."""

    codebook: Literal["builtin"] | CodebookConfig | None = None
    """What is publicly known of the columns: preprocessing is made from it, and looks at no row.

    `builtin` takes the one that a built-in source has. Without one preprocessing is fitted on the train rows;
    images need none, as the levels of a pixel are known.
    """

    text: TextConfig | None = None
    """How texts become tokens, where the model reads texts."""

    derived_from: tuple[str, ...] = ()
    """Sources, or data sets of `assay ledger list`, that these rows were made from: their budgets count."""

    reference: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Shares of groups in the population, by sensitive column: `{sex: {women: 0.51, men: 0.49}}`.

    A spec may also name a YAML or JSON file that holds them.
    """

    def __post_init__(self) -> None:
        check_shares(self.reference)
