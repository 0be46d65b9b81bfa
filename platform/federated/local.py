"""A client's own work: train the global weights on its rows, or judge them, by the one training loop.

McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data" (2017),
algorithm 1, `ClientUpdate`, https://arxiv.org/abs/1602.05629. What a round draws is a function of (seed,
client, round): where and in which order clients run changes nothing.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ...models.network import Network
from ...models.optimizers import build_optimizer
from ..data.dataset import Dataset
from ..training.devices import choose_device
from ..training.fit import Plan, fit
from ..training.networks import build_network
from ..training.preparation import training_objective
from ..training.pretraining import pretraining_objective
from ..training.rows import Rows
from ..training.samplers import Sampler, Sequential, Shuffled
from ..training.seeding import derive, reproducible
from ..training.steppers import FullPrecision, choose_stepper
from ..training.tables import labelled, unlabelled
from .messages import Work, weights_of
from .private.noisy_steps import noisy_steps
from .proximal import Proximal
from .scaffold import Controlled

__all__ = ["Judged", "Learned", "Learner", "Site", "corrected", "judge", "learn", "optimizer_of"]

#: Plain SGD where nothing else is said: momentum would start from nothing in every round, and both FedAvg and
#: SCAFFOLD are written for this.
_PLAIN = {"sgd": {"momentum": 0.0, "nesterov": False}}


@dataclass(frozen=True, kw_only=True)
class Learner:
    """What every client of a process trains: they take turns, so one network does for all.

    Attributes:
        work: what clients are told to do.
        network: whose weights are averaged.
        objective: the loss of a batch, around the network.
    """

    work: Work
    network: Network
    objective: nn.Module

    @classmethod
    def build(cls, work: Work) -> "Learner":
        """Make the network, its weights a function of the seed."""
        told, dtype = work.preprocessor, getattr(torch, work.dtype)
        network = build_network(work.model, told, work.section.seed)
        if work.pretrain is None:
            objective = training_objective(work.train, network, told.schema)
        else:
            objective = pretraining_objective(work.pretrain, network, told.schema)
        objective = objective.to(choose_device(work.section.device), dtype)
        return cls(work=work, network=network, objective=objective)

    @property
    def learned(self) -> nn.Module:
        """Whose weights are averaged: a pretraining objective learns more than the network."""
        return self.network if self.work.pretrain is None else self.objective

    @property
    def classifies(self) -> bool:
        """Whether the target is a class."""
        return self.work.preprocessor.schema.task != "regression"

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Put weights into what is learned, by name; what isn't named stays."""
        self.learned.load_state_dict({**self.learned.state_dict(), **weights})


@dataclass(frozen=True, kw_only=True)
class Site:
    """What a client has.

    Attributes:
        client: its number.
        rows: to learn from.
        validation: to judge by.
    """

    client: int
    rows: Rows
    validation: Rows

    @classmethod
    def open(cls, folder: Path, work: Work, client: int) -> "Site":
        """Read a client's folder."""
        data, device = Dataset.open(folder), choose_device(work.section.device)
        found = (labelled(work.preprocessor, data.table(split), device) for split in ("train", "validation"))
        seen = found if work.pretrain is None else map(unlabelled, found)
        rows, validation = (_held_in(part, getattr(torch, work.dtype)) for part in seen)
        return cls(client=client, rows=rows, validation=validation)

    def examples(self, work: Work) -> float:
        """How much its rows count in a mean over clients: their weight, or their number where that is all
        that may be known of them.
        """
        return float(len(self.rows)) if work.privacy else self.rows.mass(torch.arange(len(self.rows)))


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What a client answers to a round of training.

    Attributes:
        weights: after its steps, by name.
        loss: mean over its rows in the last epoch, as they were met; None where rows are hidden.
        control: SCAFFOLD's c_i⁺ by parameter name, empty without.
    """

    weights: dict[str, Tensor]
    loss: float | None
    control: dict[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a client answers when it is asked how good weights are.

    Attributes:
        loss: mean over its validation rows; 0 where it has none.
        correct: rows whose largest logit is that of their class; None for regression and pretraining.
        examples: how much its validation rows count.
        rows: their number.
    """

    loss: float
    correct: int | None
    examples: float
    rows: int


def learn(
    learner: Learner,
    site: Site,
    weights: Mapping[str, Tensor],
    *,
    round_number: int,
    factor: float,
    epochs: int | None = None,
    proximal_mu: float = 0.0,
    correction: Mapping[str, Tensor] | None = None,
) -> Learned:
    """Train the global weights on this client's rows.

    Args:
        learner: what is trained.
        site: what the client has.
        weights: the global ones, by name.
        round_number: from 1.
        factor: of this round on the peak learning rate.
        epochs: passes over the rows; None takes those that it was told.
        proximal_mu: strength of FedProx's term; 0 is none.
        correction: SCAFFOLD's c - c_i by parameter name, or None.

    Raises:
        SpecError: the loss is no longer a number.
    """
    work, config, device = learner.work, learner.work.section, site.rows.device
    place = derive(work.seed, "client", site.client, round_number)
    learner.load(weights)
    hidden = work.privacy is not None  # a noisy step clips each row itself
    plan = Plan(
        stage="train",
        epochs=epochs or work.local_epochs,
        clip=None if hidden else config.clip,
        seed=place,
        silent=hidden,
    )
    with reproducible(place, strict=device.type == "cpu"), _steps(learner, site, round_number) as steps:
        sampler, stepper = steps
        stepper = corrected(stepper, learner.learned.named_parameters(), proximal_mu, correction)
        outcome = fit(
            learner.objective,
            site.rows,
            None,
            plan=plan,
            optimizer=optimizer_of(learner),
            schedule=lambda step: factor,
            sampler=sampler,
            stepper=stepper,
        )
    control = {}
    if isinstance(stepper, Controlled):
        names = (name for name, _ in learner.learned.named_parameters())
        control = dict(zip(names, stepper.control(len(outcome.history) * sampler.steps), strict=True))
    return Learned(
        weights={name: part.clone() for name, part in weights_of(learner.learned).items()},
        loss=outcome.history[-1].get("train_loss"),
        control=control,
    )


@contextmanager
def _steps(learner: Learner, site: Site, round_number: int) -> Iterator[tuple[Sampler, FullPrecision]]:
    """Which rows make a step of a round, and how its gradient comes about: noisy where rows are hidden."""
    work, rows = learner.work, site.rows
    plain = choose_stepper(work.section.precision, rows.device, torch.Generator())
    if work.privacy is None:
        place = derive(work.seed, "client", site.client, round_number)
        yield Shuffled(len(rows), work.section.batch_size, place), plain
        return
    with noisy_steps(learner.objective, plain, rows, work.privacy, (site.client, round_number)) as steps:
        yield steps


@torch.no_grad()
def judge(learner: Learner, site: Site, weights: Mapping[str, Tensor]) -> Judged:
    """How good weights are on this client's validation rows.

    Args:
        learner: what computes with them.
        site: what the client has.
        weights: to judge, by name.
    """
    learner.load(weights)
    learner.objective.eval()
    config, rows = learner.work.section, site.validation
    stepper = choose_stepper(config.precision, rows.device, torch.Generator())
    classes = rows.target is not None and learner.classifies
    loss, mass, correct = 0.0, 0.0, 0
    for index in Sequential(len(rows), config.batch_size).batches() if len(rows) else ():
        batch = rows.batch(index)
        loss += float(stepper.loss(learner.objective, batch)) * rows.mass(index)
        mass += rows.mass(index)
        if classes:
            correct += int((learner.network(*batch.inputs).argmax(dim=1) == batch.target).sum())
    mean = loss / mass if mass else 0.0
    return Judged(loss=mean, correct=correct if classes else None, examples=mass, rows=len(rows))


def _held_in(rows: Rows, dtype: torch.dtype) -> Rows:
    """The same rows, every number in that precision; codes stay codes."""
    inputs = tuple(part.to(dtype) if part.is_floating_point() else part for part in rows.inputs)
    return dataclasses.replace(rows, inputs=inputs)


def optimizer_of(learner: Learner) -> Optimizer:
    """The optimizer that the work names, over what the learner trains, at the peak learning rate."""
    config = learner.work.section
    return build_optimizer(
        config.optimizer,
        learner.objective,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        **{**_PLAIN.get(config.optimizer, {}), **config.optimizer_options},
    )


def corrected(
    stepper: FullPrecision,
    named: Iterable[tuple[str, Tensor]],
    proximal_mu: float,
    correction: Mapping[str, Tensor] | None,
) -> FullPrecision:
    """The stepper, with what the strategy adds to each gradient.

    Args:
        stepper: how the gradient of the batch comes about.
        named: names and weights of what is trained, as the round begins.
        proximal_mu: strength of FedProx's term; 0 is none.
        correction: SCAFFOLD's c - c_i by those names, or None.
    """
    names, weights = zip(*named, strict=True)
    if correction is not None:
        seen = tuple(torch.zeros_like(weight) for weight in weights)
        changes = tuple(correction[name] for name in names)
        return Controlled(stepper.generator, stepper, weights, changes, seen)
    if proximal_mu > 0:
        anchor = tuple(weight.detach().clone() for weight in weights)
        return Proximal(stepper.generator, stepper, weights, anchor, proximal_mu)
    return stepper
