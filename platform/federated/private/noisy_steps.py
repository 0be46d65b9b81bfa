"""A client's steps where rows are hidden: the DP-SGD engine on its own rows, with noise of its own.

Abadi et al., "Deep Learning with Differential Privacy" (2016), algorithm 1, https://arxiv.org/abs/1607.00133,
at every client. Noise and coins are drawn at the client, anew for each round, and are told to nobody: what
leaves the client is private already.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ...privacy.clipping import CLIPPINGS
from ...privacy.self_check import check_clipping
from ...privacy.stepper import PrivateStepper, private_stepper
from ...training.rows import Rows
from ...training.seeding import derive
from ...training.steppers import FullPrecision
from .common_rate import CommonRate
from .record_terms import RecordTerms
from .step_check import check_step

__all__ = ["noisy_steps"]

_CHECKED_ROWS = 2


@contextmanager
def noisy_steps(
    objective: nn.Module, inner: FullPrecision, rows: Rows, terms: RecordTerms, place: tuple[int, int]
) -> Iterator[tuple[CommonRate, PrivateStepper]]:
    """Which rows make a step of a round, and its noisy gradient; both are checked before the first step.

    Args:
        objective: what is trained; its loss is a weighted mean over rows.
        inner: how the loss is computed.
        rows: the client's own.
        terms: of all clients.
        place: number of the client, and of the round.

    Raises:
        ModelError: a layer mixes samples, or hides what is needed.
        MechanismError: clipping or noise isn't what is accounted for.
    """
    seed = None if terms.noise_seed is None else derive(terms.noise_seed, "noise", *place)
    sampler = CommonRate(len(rows), rate=terms.sample_rate, steps=terms.steps, seed=seed)
    expected = sampler.batch_size
    stepper = private_stepper(
        objective,
        inner,
        clipping=CLIPPINGS[terms.clipping](terms.max_grad_norm, expected),
        noise_multiplier=terms.noise_multiplier,
        expected_batch=expected,
        noise_seed=seed,
        physical_batch=terms.physical_batch,
    )
    try:
        check_clipping(stepper.engine, objective, rows.batch(torch.arange(min(_CHECKED_ROWS, len(rows)))))
        check_step(stepper, objective, rows, terms.noise_multiplier * terms.max_grad_norm / expected)
        yield sampler, stepper
    finally:
        stepper.engine.close()
