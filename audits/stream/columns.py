"""Which column of a predictions file is what. Standard library only: a spec holds it."""

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["PredictionColumns"]


@dataclass(frozen=True, kw_only=True)
class PredictionColumns:
    """What somebody else's model said, in a file beside what was true."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    target: str
    """Column of what was true."""
    prediction: str
    """Column of what was decided: a class, or a value."""
    scores: tuple[str, ...] = ()
    """Columns of probabilities: one, of the positive class; or one for each class, named `score_CLASS`."""
    sensitive: tuple[str, ...] = ()
    """Columns whose groups are compared."""
    positive: str | None = None
    """The class that counts as positive; by default the last in sorted order."""
    weight: str | None = None
    """Column of sample weights."""
    task: str | None = None
    """binary, multiclass or regression; by default read off the first rows of the target."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that is read, once."""
        found = (self.target, self.prediction, *self.scores, *self.sensitive)
        return tuple(dict.fromkeys((*found, self.weight) if self.weight else found))
