"""The candidates of each method: artifacts that can be loaded and predicted with, one for each parameter.

Nothing here looks at how well a candidate does; `operating_point.py` chooses.
"""

import dataclasses
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from ..calibration.temperature import calibrate
from ..data.decorrelation import Decorrelation
from ..predictor import Predictor
from ..predictor.artifact import POSTPROCESS, link_files, write_json
from ..predictor.group_thresholds import Steps
from ..predictor.postprocess import Mixing
from ..training.rows import Rows
from .adversarial import Adversarial
from .config import MitigationConfig
from .groups import Groups
from .methods import CONSTRAINTS, Constraint
from .reductions import exponentiated_gradient, grid_search
from .reweighing import reweighing
from .threshold import fit_thresholds, gap_without_limit
from .took import Took
from .trainer import Fitted, Trainer

#: The likeliest class of two, as a threshold: scores have six digits, and a tie goes to the first class.
_LIKELIEST = 0.5 + 5e-7

#: The smallest gap that is asked for on train rows, where the spec's limit is smaller or 0.
_LEAST_BOUND = 0.005


@dataclass(frozen=True, kw_only=True)
class Made:
    """One candidate that was written.

    Attributes:
        name: of its folder.
        parameter: what the grid moves; None for the model as it was trained.
        took: how long it took to make.
    """

    name: str
    parameter: float | None
    took: Took


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What the methods work with.

    Attributes:
        base: the calibrated model.
        base_folder: where it lies.
        dataset: folder of the dataset artifact.
        config: the section `mitigate` of the spec.
        trainer: fits networks.
        out: folder of the candidates.
    """

    base: Predictor
    base_folder: Path
    dataset: Path
    config: MitigationConfig
    trainer: Trainer
    out: Path

    @property
    def constraint(self) -> Constraint:
        """What should be equal."""
        return CONSTRAINTS[self.config.constraint]

    @property
    def salt(self) -> str:
        """Of the draws: a function of the seed."""
        return blake2b(f"assay mitigation {self.config.seed}".encode(), digest_size=16).hexdigest()

    def groups(self, split: str) -> Groups:
        """Groups of the rows of `train` or `validation`."""
        return Groups.of(self.trainer.tables[split], self.base.preprocessor, self.config.columns)

    def name(self, number: int) -> str:
        """Of a candidate, counted from 1."""
        return f"{self.config.method}-{number}"

    def strengths(self) -> list[tuple[int, float]]:
        """The grid of a strength up to 1."""
        count = self.config.candidates
        return [(number, number / count) for number in range(1, count + 1)]

    def write(self, name: str, fitted: list[Fitted], trainer: Trainer, mixing: Mixing | None = None) -> None:
        """Write a trained candidate, with a temperature of its own."""
        made = trainer.scratch / "made" / name
        shutil.rmtree(made, ignore_errors=True)  # of a run that was killed
        trainer.save(made, *fitted, mixing=mixing)
        calibrate(dataset=self.dataset, model=made, out=self.out / name)


def as_trained(bench: Bench) -> Made:
    """The candidate `none`: the base model itself."""
    link_files(bench.base_folder, bench.out / "none")
    return Made(name="none", parameter=None, took=Took())


def _thresholds(bench: Bench) -> Iterator[Made]:
    """From gap 0 to where the limit no longer binds; the spec's own limit is among them."""
    table, schema = bench.trainer.tables["validation"], bench.base.schema
    if bench.config.fit_on == "train_and_validation":
        table = pa.concat_tables([bench.trainer.tables["train"], table])
    groups = Groups.of(table, bench.base.preprocessor, bench.config.columns)
    y_true = bench.base.preprocessor.targets(table)
    scores = bench.base.predict(table)[:, 1]
    weight = None if schema.weight is None else table[schema.weight].to_numpy()
    unlimited = gap_without_limit(scores, y_true, groups, bench.constraint, weight)
    evenly = np.linspace(0.0, unlimited, max(1, bench.config.candidates - 1), endpoint=False)
    limits = sorted({*evenly.tolist(), min(bench.config.gap, unlimited)})[: bench.config.candidates]
    threshold = next(iter(bench.base.postprocess.thresholds.values()), _LIKELIEST)
    for number, limit in enumerate(limits, start=1):
        started, name = Took.now(), bench.name(number)
        rule = fit_thresholds(
            scores,
            y_true,
            groups,
            over=bench.config.columns,
            constraint=bench.constraint,
            limit=limit,
            otherwise=Steps(thresholds=(threshold,), probabilities=(0.0, 1.0)),
            salt=bench.salt,
            weight=weight,
        )
        link_files(bench.base_folder, bench.out / name, but=POSTPROCESS)
        decided = dataclasses.replace(bench.base.postprocess, thresholds={}, group_thresholds=rule)
        write_json(bench.out / name / POSTPROCESS, decided.to_json())
        yield Made(name=name, parameter=limit, took=Took.since(started))


def _reweighing(bench: Bench) -> Iterator[Made]:
    trainer, codes = bench.trainer, bench.groups("train").codes
    own = trainer.rows("train").weight
    for number, strength in bench.strengths():
        name = bench.name(number)
        weight = reweighing(
            trainer.y_true, codes, None if own is None else own.cpu().numpy(), strength=strength
        )
        bench.write(name, [trainer.fit(name, weight=weight)], trainer)
        yield Made(name=name, parameter=strength, took=trainer.took[name])


def _correlation_removal(bench: Bench) -> Iterator[Made]:
    table, base = bench.trainer.tables["train"], bench.base.preprocessor
    numeric, codes = base.transform(table)
    for number, strength in bench.strengths():
        name = bench.name(number)
        removal = Decorrelation.fit(
            numeric,
            codes,
            base.sensitive(table, bench.config.columns),
            cardinalities=[feature.cardinality for feature in base.categorical],
            strength=strength,
        )
        trainer = bench.trainer.with_preprocessor(dataclasses.replace(base, decorrelation=removal))
        bench.write(name, [trainer.fit(name)], trainer)
        yield Made(name=name, parameter=strength, took=trainer.took[name])


def _adversarial(bench: Bench) -> Iterator[Made]:
    """Strengths that double: 1/4, 1/2, 1, 2, ..."""
    trainer, groups = bench.trainer, bench.groups("train")
    for number in range(1, bench.config.candidates + 1):
        name, strength = bench.name(number), 2.0 ** (number - 3)

        def against(objective: nn.Module, rows: Rows, strength: float = strength) -> tuple[nn.Module, Rows]:
            codes = torch.from_numpy(groups.codes).to(rows.device)
            debiased = Adversarial(
                objective, groups=len(groups), constraint=bench.config.constraint, strength=strength
            )
            return debiased, dataclasses.replace(rows, inputs=(*rows.inputs, codes))

        bench.write(name, [trainer.fit(name, wrap=against)], trainer)
        yield Made(name=name, parameter=strength, took=trainer.took[name])


def _exponentiated_gradient(bench: Bench) -> Iterator[Made]:
    """Bounds that double, from half the spec's limit: what holds on train rows is larger on others."""
    trainer, groups = bench.trainer, bench.groups("train")
    for number in range(1, bench.config.candidates + 1):
        started, name = Took.now(), bench.name(number)
        bound = max(bench.config.gap / 2, _LEAST_BOUND) * 2 ** (number - 1)
        mixed = exponentiated_gradient(
            trainer, groups, bench.constraint, name=name, bound=bound, iterations=bench.config.iterations
        )
        chances = tuple(chance for chance, _ in mixed)
        mixing = Mixing(weights=chances, salt=bench.salt) if len(mixed) > 1 else None
        bench.write(name, [fitted for _, fitted in mixed], trainer, mixing)
        yield Made(name=name, parameter=bound, took=Took.since(started))


def _grid_search(bench: Bench) -> Iterator[Made]:
    trainer = bench.trainer
    found = grid_search(
        trainer,
        bench.groups("train"),
        bench.constraint,
        name=bench.config.method,
        size=bench.config.candidates,
    )
    for number, fitted in enumerate(found, start=1):
        name = bench.name(number)
        bench.write(name, [fitted], trainer)
        yield Made(name=name, parameter=float(number), took=trainer.took.get(name, Took()))


#: A method's candidates, one after the other; keys are those of `METHODS`.
MAKERS: Mapping[str, Callable[[Bench], Iterator[Made]]] = {
    "reweighing": _reweighing,
    "correlation_removal": _correlation_removal,
    "exponentiated_gradient": _exponentiated_gradient,
    "grid_search": _grid_search,
    "threshold": _thresholds,
    "adversarial": _adversarial,
}
