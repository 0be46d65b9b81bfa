"""What an epsilon doesn't speak of: everything that touched rows outside the mechanism.

An epsilon bounds what the noisy gradients tell of a train row. What else was computed from rows and published
is bounded by nothing, however small the epsilon (Ponomareva et al., "How to DP-fy ML", 2023,
https://arxiv.org/abs/2303.00654). So an epsilon is shown beside this list or not at all.

The list is as true as the facts. It can't tell whether rows that were called public are, or who saw a run's
output before it was published.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = ["RunFacts", "Uncovered", "uncovered"]

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What a run did beside its noisy steps. No defaults: what nobody asked about can't be ruled out.

    Attributes:
        secret_noise: nobody knows the seed of noise and sampling.
        preprocessing: what it was fitted on, as `train` says in its details; `given` was made from public
            knowledge or public rows.
        schema_inferred: kinds of columns or names of classes were read from the rows, not written in a spec.
        row_count_released: rows of a split, or a sample rate that gives them away, are published.
        datasheet_released: counts and shares of the rows are published.
        clients_told: clients of a federated training are told one by one, with names, rows and scores.
        train_losses_released: losses of train rows, e.g. in `history.json`, are published.
        epoch_by_validation: validation losses stopped the run, or told the epoch that was kept.
        validation_losses_released: they are published, too.
        calibrated_on_validation: a temperature or thresholds were fitted on validation rows.
        test_metrics_released: metrics, curves or tables of the test rows are published.
        examples_released: single rows are shown, e.g. beside an explanation.
        pretraining: on what the network was pretrained; `composed` is private, and its cost in this epsilon.
        representation_scored: what pretraining taught was measured, and the scores are published.
        uncounted_trials: other runs on these rows, which may have led to this one and aren't in this epsilon.
        plain_models: trained on the same rows without privacy, with metrics that are published.
        private_models: the same with privacy, of other seeds or epsilons: this epsilon doesn't count them.
        mitigated_by: rows that a mitigation learned from or chose by, without noise.
        baselines_released: metrics of reference models that were fitted on train rows are published.
        train_values_released: explanations or attacks took values, means or distances from train rows.
        members_attacked: numbers of an attack that asked the model about train rows are published: of
            membership, or of canary rows.
        shadows_trained: an attack trained models of its own on train rows, without noise.
        dealt_together: splits, or whose labels training saw, were drawn from all rows at once.
        sets_by_validation: prediction sets, or the share of rows left undecided, were set by validation rows.
    """

    secret_noise: bool
    preprocessing: Literal["train rows", "train rows of all clients", "pretraining", "given"]
    schema_inferred: bool
    row_count_released: bool
    datasheet_released: bool
    clients_told: bool
    train_losses_released: bool
    epoch_by_validation: bool
    validation_losses_released: bool
    calibrated_on_validation: bool
    test_metrics_released: bool
    examples_released: bool
    pretraining: Literal["none", "public rows", "composed", "train rows"]
    representation_scored: bool
    uncounted_trials: int
    plain_models: int
    private_models: int
    mitigated_by: Literal["nothing", "validation rows", "train rows"]
    baselines_released: bool
    train_values_released: bool
    members_attacked: bool
    shadows_trained: bool
    dealt_together: bool
    sets_by_validation: bool


@dataclass(frozen=True, kw_only=True)
class Uncovered:
    """One thing that an epsilon doesn't cover.

    Attributes:
        what: it is.
        rows: splits whose rows it is computed from.
        why: the mechanism doesn't cover it.
        mend: how to have it covered.
    """

    what: str
    rows: tuple[Split, ...]
    why: str
    mend: str


def uncovered(facts: RunFacts) -> tuple[Uncovered, ...]:
    """Everything that touched rows outside the mechanism, gravest first; empty where nothing did."""
    return tuple(found for holds, found in _TABLE if holds(facts))


_ALL: tuple[Split, ...] = ("train", "validation", "test")

_TABLE: tuple[tuple[Callable[[RunFacts], bool], Uncovered], ...] = (
    (
        lambda facts: not facts.secret_noise,
        Uncovered(
            what="the whole run",
            rows=("train",),
            why="its noise follows from a seed: whoever knows the seed can take the noise away",
            mend="leave privacy.noise_seed out, and train again",
        ),
    ),
    (
        lambda facts: facts.pretraining == "train rows",
        Uncovered(
            what="pretrained weights",
            rows=("train",),
            why="pretraining saw the train rows without noise, and the weights keep what it saw",
            mend="pretrain on public rows, or with privacy, and compose what it costs",
        ),
    ),
    (
        lambda facts: facts.preprocessing != "given",
        Uncovered(
            what="preprocessing: quantiles, bins, categories, means, tokens",
            rows=("train",),
            why="it was fitted on the rows without noise, and is published with the model",
            mend="give train a preprocessor that was declared, or fitted on public rows",
        ),
    ),
    (
        lambda facts: facts.mitigated_by == "train rows",
        Uncovered(
            what="the mitigation",
            rows=("train", "validation"),
            why="candidates learned from train rows without noise, and validation rows chose between them",
            mend="leave the mitigation out",
        ),
    ),
    (
        lambda facts: facts.plain_models > 0,
        Uncovered(
            what="models beside it without privacy",
            rows=("train",),
            why="they learned from the same rows without noise, and their metrics are published",
            mend="train no model without privacy beside it (privacy.compare)",
        ),
    ),
    (
        lambda facts: facts.private_models > 0,
        Uncovered(
            what="models beside it with privacy",
            rows=("train",),
            why="their metrics are published, and what they cost isn't in this epsilon",
            mend="read the epsilon of all runs, which counts them, or train one model alone",
        ),
    ),
    (
        lambda facts: facts.uncounted_trials > 0,
        Uncovered(
            what="the choice of settings",
            rows=("train", "validation"),
            why="each earlier run looked at the rows, and which settings won may depend on them",
            mend="read the epsilon of all runs, which counts them, or choose settings on public data",
        ),
    ),
    (
        lambda facts: facts.examples_released,
        Uncovered(
            what="rows that are shown",
            rows=("test",),
            why="they are published as they are",
            mend="show no rows, or rows of people who agreed to it",
        ),
    ),
    (
        lambda facts: facts.train_values_released,
        Uncovered(
            what="what explanations and attacks start from",
            rows=("train",),
            why="they put values of train rows in place of others, and measure from means and distances",
            mend="take methods and tests without them, or keep their results out of what is published",
        ),
    ),
    (
        lambda facts: facts.members_attacked,
        Uncovered(
            what="numbers of the membership attack, and of canary rows",
            rows=("train", "test"),
            why="the model was asked about train rows, and what it said is counted without noise",
            mend="keep them out of what is published",
        ),
    ),
    (
        lambda facts: facts.shadows_trained,
        Uncovered(
            what="shadow models of the attack",
            rows=("train", "test"),
            why="they are trained on train rows without noise, and what they tell apart is counted",
            mend="leave lira out of audit.privacy.attacks",
        ),
    ),
    (
        lambda facts: facts.baselines_released,
        Uncovered(
            what="metrics of the baselines",
            rows=("train", "test"),
            why="baselines are fitted on train rows without noise",
            mend="keep them out of what is published",
        ),
    ),
    (
        lambda facts: facts.representation_scored,
        Uncovered(
            what="scores of the pretrained representation",
            rows=("train", "validation"),
            why="neighbours and a linear probe look at train rows without noise",
            mend="keep them out of what is published",
        ),
    ),
    (
        lambda facts: facts.train_losses_released,
        Uncovered(
            what="training losses",
            rows=("train",),
            why="they are means over train rows without noise",
            mend="keep them out of what is published",
        ),
    ),
    (
        lambda facts: facts.schema_inferred,
        Uncovered(
            what="kinds of columns, names of classes and groups",
            rows=_ALL,
            why="they were inferred from the rows: a single one can add a class or turn a number into text",
            mend="declare kinds and edges (data.columns, data.bands); names of classes are always read",
        ),
    ),
    (
        lambda facts: facts.datasheet_released,
        Uncovered(
            what="the datasheet and the audit of the rows",
            rows=_ALL,
            why="they hold exact counts and shares, of small groups too",
            mend="keep them back, or publish them with noise that is charged to the ledger",
        ),
    ),
    (
        lambda facts: facts.clients_told,
        Uncovered(
            what="the table of clients",
            rows=("train", "validation"),
            why="it names them one by one, with exact rows, labels and scores",
            mend="keep it out of what is published",
        ),
    ),
    (
        lambda facts: facts.row_count_released,
        Uncovered(
            what="the number of rows",
            rows=_ALL,
            why="neighbours differ by a row, or by somebody's rows, so the exact number tells them apart",
            mend="publish a rounded number, and take the sample rate from that",
        ),
    ),
    (
        lambda facts: facts.dealt_together,
        Uncovered(
            what="who was dealt to train",
            rows=_ALL,
            why="one draw dealt all rows, so one more moves others: epsilon speaks of the rows as dealt",
            mend="take a source that fixes its splits, and all of its labels",
        ),
    ),
    (
        lambda facts: facts.epoch_by_validation,
        Uncovered(
            what="the epoch that was kept",
            rows=("validation",),
            why="validation losses without noise decided it",
            mend="validate on public rows",
        ),
    ),
    (
        lambda facts: facts.validation_losses_released,
        Uncovered(
            what="validation losses",
            rows=("validation",),
            why="they are means over validation rows without noise",
            mend="keep them out of what is published",
        ),
    ),
    (
        lambda facts: facts.calibrated_on_validation,
        Uncovered(
            what="temperature and thresholds",
            rows=("validation",),
            why="they were fitted on validation rows without noise, and are published with the model",
            mend="fit them on public rows, or leave calibration out",
        ),
    ),
    (
        lambda facts: facts.mitigated_by == "validation rows",
        Uncovered(
            what="the mitigation",
            rows=("validation",),
            why="thresholds were fitted on validation rows without noise, and are published with the model",
            mend="leave the mitigation out",
        ),
    ),
    (
        lambda facts: facts.sets_by_validation,
        Uncovered(
            what="prediction sets and abstention",
            rows=("validation", "test"),
            why="their thresholds were set by validation rows without noise",
            mend="keep them out of what is published",
        ),
    ),
    (
        lambda facts: facts.test_metrics_released,
        Uncovered(
            what="metrics, curves and tables of the audit",
            rows=("test",),
            why="they are computed from test rows without noise",
            mend="test on public rows, or publish metrics with noise that is charged to the ledger",
        ),
    ),
)
