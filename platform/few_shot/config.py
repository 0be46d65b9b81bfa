"""What a spec may say of few-shot learning: the section `few_shot`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from ..exceptions import DataError, SpecError

__all__ = ["FewShotConfig", "Shape", "require_classes", "training_settings"]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Of an episode: `way` classes, `shot` rows of each to learn from, `queries` of each to answer."""

    way: int
    shot: int
    queries: int

    @property
    def rows(self) -> int:
        """Rows of an episode."""
        return self.way * self.per_class

    @property
    def per_class(self) -> int:
        """Rows of one class, which it must have."""
        return self.shot + self.queries


@dataclass(frozen=True, kw_only=True)
class FewShotConfig:
    """Learning to learn classes from few rows. Classes never cross splits: those of the test are new."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    method: str = "prototypical"
    """Name from `assay list few_shot`."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of that method, e.g. `{steps: 5, first_order: true}` of `maml`."""

    way: int = 5
    """Classes of an episode that judges."""

    shot: int = 1
    """Rows of each class that it may learn from."""

    queries: int = 15
    """Rows of each class that it is asked about."""

    episodes: int = 600
    """Test episodes that are measured. More make the interval narrower, not the classes more."""

    also_shots: tuple[int, ...] = ()
    """Further shots that the same model is measured with, e.g. `[5]`."""

    train_way: int | None = None
    """Classes of a training episode; null takes `way`. Prototypical networks learn better from more."""

    train_shot: int | None = None
    """Rows of each class that a training episode learns from; null takes `shot`."""

    train_queries: int = 5
    """Rows of each class that a training episode asks about."""

    train_episodes: int = 100
    """Training episodes of an epoch. Each is a step: `train.batch_size` has no say."""

    validation_episodes: int = 100
    """Episodes of validation classes, the same after every epoch, that tell the best one."""

    quarter_turns: bool = False
    """Each class, turned by 90, 180 or 270 degrees, is another class to train on (Santoro et al. 2016, 4.1).
    For signs; a photograph on its side is the same thing."""

    seed: int = 0
    """Of the test episodes: another one draws others of the same classes."""

    def __post_init__(self) -> None:
        for key, least in _LEAST.items():
            value = getattr(self, key)
            if value is not None and value < least:
                raise _refusal(key, value, f"{least} or more")
        others = (self.shot, *self.also_shots)
        if len(set(others)) < len(others) or min(others) < 1:
            raise _refusal(
                "also_shots", list(self.also_shots), "other shots than `shot`, each once, 1 or more"
            )
        if self.method == "maml" and self.train_way not in (None, self.way):
            raise _refusal("train_way", self.train_way, f"{self.way}: maml's network has an output a way")

    @property
    def trained(self) -> Shape:
        """Of a training episode."""
        return Shape(
            way=self.train_way or self.way, shot=self.train_shot or self.shot, queries=self.train_queries
        )

    @property
    def judged(self) -> Shape:
        """Of a validation episode, and of a test episode."""
        return self.with_shot(self.shot)

    @property
    def audited(self) -> tuple[Shape, ...]:
        """Of all test episodes, those of `shot` first."""
        return tuple(map(self.with_shot, (self.shot, *self.also_shots)))

    def asked(self) -> Iterator[tuple[str, Shape]]:
        """Every split with the shape of each kind of episode that is drawn from it."""
        yield "train", self.trained
        yield "validation", self.judged
        for shape in self.audited:
            yield "test", shape

    def with_shot(self, shot: int) -> Shape:
        """Of a test episode with so many rows to learn from."""
        return Shape(way=self.way, shot=shot, queries=self.queries)


_LEAST = {
    "way": 2,
    "shot": 1,
    "queries": 1,
    "episodes": 2,
    "train_way": 2,
    "train_shot": 1,
    "train_queries": 1,
    "train_episodes": 1,
    "validation_episodes": 1,
    "seed": 0,
}


#: Keys that say how the finished model is measured: no weight depends on them.
_MEASURING = ("episodes", "also_shots", "seed")


def training_settings(config: FewShotConfig) -> dict[str, Any]:
    """The part of the section that weights depend on."""
    return {key: value for key, value in asdict(config).items() if key not in _MEASURING}


def require_classes(rows: Sequence[int], shape: Shape, split: str) -> None:
    """Refuse a split that no episode can be drawn from.

    Args:
        rows: of each of its classes.
        shape: of the episodes.
        split: its name.

    Raises:
        DataError: fewer classes have enough rows than an episode has classes.
    """
    enough = sum(count >= shape.per_class for count in rows)
    if enough < shape.way:
        raise DataError(
            f"the {split} classes are too few for an episode",
            got=f"{enough} classes with {shape.per_class} rows or more, of {len(rows)}",
            expected=f"{shape.way} classes with {shape.shot} + {shape.queries} rows",
            mend="lower few_shot.train_way or few_shot.train_queries, or bring more classes"
            if split == "train"
            else f"raise data.split.{split}, or lower few_shot's way, shot or queries",
        )


def _refusal(key: str, got: object, expected: str) -> SpecError:
    return SpecError(
        f"few_shot.{key} is out of range",
        got=got,
        expected=expected,
        mend=f"change few_shot.{key} in the spec, or give --set few_shot.{key}=VALUE",
    )
