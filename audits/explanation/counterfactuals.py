"""Counterfactuals: the least that would have had to differ for the model to decide otherwise.

After Wachter et al., "Counterfactual Explanations Without Opening the Black Box" (2017),
https://arxiv.org/abs/1711.00399, several and different ones: Mothilal et al., "Explaining Machine Learning
Classifiers through Diverse Counterfactual Explanations" (2020), https://arxiv.org/abs/1905.07697.

Any model that decides will do. One column is changed, then two, then three: each step goes on from the
changes that moved the score furthest. Then numbers are moved back towards what they were, as far as the
decision allows. Where nothing is found so, the nearest train row of another decision lends its values, and
those that aren't needed are taken back. Every answer was decided again by the model as it stands.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from .changes import choices
from .subject import Scorer

__all__ = ["Counterfactual", "Search"]

DEPTH = 3
BEAM = 12
WANTED = 3
_REFINED = 8

Change = dict[str, Any]
"""New values by column."""


@dataclass(frozen=True)
class Counterfactual:
    """One row that the model decides otherwise."""

    changes: Change
    y_pred: int
    score: float
    """Of the new decision."""
    distance: float


class Search:
    """Counterfactuals of a model's rows.

    Args:
        scorer: the model.
        train: rows that values, ranges and neighbours are taken from.
        mutable: kind of each column that may change.
    """

    def __init__(self, scorer: Scorer, train: pa.Table, mutable: dict[str, str]):
        self._scorer, self._train = scorer, train
        self.choices = {name: choices(train[name], name, kind) for name, kind in mutable.items()}
        self._decided = scorer.decide(scorer.predict(train), train)
        self.asked = 0
        """Rows that the model was asked about so far."""

    def find(self, row: pa.Table) -> list[Counterfactual]:
        """At most `WANTED`, each changing other columns, the fewest changes first and then the nearest."""
        before = {name: row[name][0].as_py() for name in self.choices}
        decided = int(self._decide(row, [{}])[0][0])
        found = self._grow(row, before, decided) or self._borrow(row, before, decided)
        sharpened = [self._sharpen(row, before, decided, change) for change in found]
        said = self._decide(row, sharpened) if sharpened else (np.array([]), np.array([]))
        done = [
            Counterfactual(change, int(y_pred), float(score), self._distance(before, change))
            for change, y_pred, score in zip(sharpened, *said, strict=True)
        ]
        assert all(each.y_pred != decided for each in done)
        return sorted(done, key=lambda each: (len(each.changes), each.distance))

    def _grow(self, row: pa.Table, before: Change, decided: int) -> list[Change]:
        """Change one column, then go on from the best: until enough sets of columns flip the decision."""
        found: dict[frozenset[str], Change] = {}
        beam: list[Change] = [{}]
        for _ in range(DEPTH):
            tried = self._extended(beam, before, found)
            if not tried:
                break
            y_pred, score = self._decide(row, tried, of=decided)
            flips = [change for change, now in zip(tried, y_pred, strict=True) if now != decided]
            for change in sorted(flips, key=lambda change: self._distance(before, change)):
                found.setdefault(frozenset(change), change)
            if len(found) >= WANTED:
                break
            best = np.argsort(score, kind="stable")
            beam = _different([tried[i] for i in best if y_pred[i] == decided], BEAM)
        nearest = sorted(found.values(), key=lambda change: (len(change), self._distance(before, change)))
        return nearest[:WANTED]

    def _extended(
        self, beam: list[Change], before: Change, found: dict[frozenset[str], Change]
    ) -> list[Change]:
        """Each change of the beam with one more column; none that holds a set of columns found already."""
        more = {
            tuple(sorted((change | {name: value}).items(), key=lambda item: item[0]))
            for change in beam
            for name, column in self.choices.items()
            if name not in change and not any(done <= {*change, name} for done in found)
            for value in column.values
            if value != before[name]
        }
        return [dict(items) for items in sorted(more, key=repr)]

    def _borrow(self, row: pa.Table, before: Change, decided: int) -> list[Change]:
        """The values of the nearest train row of another decision, those that aren't needed taken back."""
        others = np.flatnonzero(self._decided != decided)
        lent = [{name: self._train[name][int(i)].as_py() for name in self.choices} for i in others]
        lent = [{name: value for name, value in each.items() if value != before[name]} for each in lent]
        lent = [each for each in lent if each and not any(value is None for value in each.values())]
        lent.sort(key=lambda each: self._distance(before, each))
        lent = lent[:BEAM]
        if not lent:
            return []
        y_pred, _ = self._decide(row, lent)
        change = next((each for each, now in zip(lent, y_pred, strict=True) if now != decided), None)
        while change:
            fewer = [{k: v for k, v in change.items() if k != name} for name in change if len(change) > 1]
            kept = [each for each in fewer if self._decide(row, [each])[0][0] != decided]
            if not kept:
                return [change]
            change = min(kept, key=lambda each: self._distance(before, each))
        return []

    def _sharpen(self, row: pa.Table, before: Change, decided: int, change: Change) -> Change:
        """Move each number back towards what it was, as far as the decision stays flipped."""
        for name, value in list(change.items()):
            nearer = self.choices[name].between(before[name], value, _REFINED)
            if nearer:
                y_pred, _ = self._decide(row, [change | {name: other} for other in nearer])
                flips = [other for other, now in zip(nearer, y_pred, strict=True) if now != decided]
                change = change | {name: flips[0]} if flips else change
        return change

    def _distance(self, before: Change, change: Change) -> float:
        return sum(self.choices[name].distance(before[name], value) for name, value in change.items())

    def _decide(
        self, row: pa.Table, changes: list[Change], of: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Decision and score, of it or of the class `of`, for each change of one row."""
        self.asked += len(changes)
        table = row.take(pa.array(np.zeros(len(changes), dtype=np.int64)))
        for name in {name for change in changes for name in change}:
            own = row[name][0].as_py()
            kind = row.schema.field(name).type
            plain = kind.value_type if pa.types.is_dictionary(kind) else kind
            values = pa.array([change.get(name, own) for change in changes], type=plain).cast(kind)
            table = table.set_column(table.column_names.index(name), row.schema.field(name), values)
        scores = self._scorer.predict(table)
        y_pred = np.asarray(self._scorer.decide(scores, table), dtype=np.int64)
        return y_pred, scores[np.arange(len(scores)), y_pred if of is None else of]


def _different(changes: list[Change], most: int) -> list[Change]:
    """The first of each set of columns, at most so many."""
    first: dict[frozenset[str], Change] = {}
    for change in changes:
        first.setdefault(frozenset(change), change)
        if len(first) == most:
            break
    return list(first.values())
