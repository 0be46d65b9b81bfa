"""A client's noisy steps, against the central engine, plain descent, and the noise that is accounted for."""

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from assay.models.supervised import Classification
from assay.platform.federated.local import Learner, Site, learn, optimizer_of
from assay.platform.federated.messages import Work, weights_of
from assay.platform.federated.private.record_privacy import RecordPrivacy
from assay.platform.federated.private.record_terms import RecordTerms
from assay.platform.privacy.config import PrivacyConfig
from assay.platform.privacy.flat_gradient import FlatGradient
from assay.platform.privacy.noise import GaussianNoise
from assay.platform.privacy.private_run import private_run
from assay.platform.privacy.self_check import MechanismError
from assay.platform.privacy.stepper import PrivateStepper
from assay.platform.training.config import ModelConfig, TrainConfig
from assay.platform.training.fit import Plan, fit
from assay.platform.training.rows import Rows
from assay.platform.training.seeding import derive
from assay.platform.training.steppers import FullPrecision
from scipy import stats
from torch import nn

RATE, CLIENT, ROWS = 0.3, 2, 40
TERMS = {"noise_multiplier": 2.0, "sample_rate": 0.2, "steps": 5, "max_grad_norm": 0.5, "noise_seed": 7}


class Task:
    """What a learner asks of the preprocessor here."""

    schema = dataclasses.make_dataclass("Schema", ["task"])("multiclass")


def world(*, dropout=0.0, **terms):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Dropout(dropout), nn.Linear(6, 3))
    told = {"optimizer": "sgd", "learning_rate": RATE, "weight_decay": 0.0, "clip": 1e-3, "batch_size": 8}
    work = Work(
        model=ModelConfig(),
        train=TrainConfig(**told),
        preprocessor=Task(),  # type: ignore[arg-type]
        local_epochs=2,
        seed=0,
        privacy=RecordTerms(**TERMS | terms),
    )
    learner = Learner(work=work, network=network, objective=Classification(network))  # type: ignore[arg-type]
    rows = Rows(inputs=(torch.randn(ROWS, 4),), target=torch.randint(0, 3, (ROWS,)))
    start = {name: part.clone() for name, part in weights_of(network).items()}
    return learner, Site(client=CLIENT, rows=rows, validation=rows), start


def moved(learner, site, start, round_number=1, **told):
    found = learn(learner, site, start, round_number=round_number, factor=1.0, **told)
    return torch.cat([(part - start[name]).flatten() for name, part in found.weights.items()])


def test_one_client_takes_the_steps_of_central_private_training_bit_for_bit():
    config = PrivacyConfig(epsilon=3.0, delta=1e-3, accountant="rdp", canaries=0, noise_seed=7)
    planned = RecordPrivacy.plan(config, rows=[ROWS], batch_size=8, local_epochs=2, rounds=1)
    learner, site, start = world(dropout=0.3, **dataclasses.asdict(planned.terms))
    found = learn(learner, site, start, round_number=1, factor=1.0)
    learner.load(start)
    seeded = dataclasses.replace(config, noise_seed=derive(7, "noise", CLIENT, 1))
    inner = FullPrecision(torch.Generator())
    central = private_run(learner.objective, inner, site.rows, seeded, batch_size=8, epochs=2)
    fit(
        learner.objective,
        site.rows,
        None,
        plan=Plan(stage="train", epochs=2, clip=None, seed=99),
        optimizer=optimizer_of(learner),
        schedule=lambda step: 1.0,
        sampler=central.sampler,
        stepper=central.stepper,
    )
    assert planned.mechanism(1) == central.mechanism(2 * central.sampler.steps)
    for name, part in weights_of(learner.network).items():
        assert torch.equal(part, found.weights[name]), name


def test_without_noise_clipping_or_chance_a_pass_is_a_step_of_plain_descent():
    learner, site, start = world(noise_multiplier=0.0, sample_rate=1.0, steps=1, max_grad_norm=1e6)
    found = learn(learner, site, start, round_number=1, factor=0.5)
    expected = start
    for _ in range(2):
        leaves = {name: part.clone().requires_grad_() for name, part in expected.items()}
        hidden = torch.tanh(site.rows.inputs[0] @ leaves["0.weight"].T + leaves["0.bias"])
        loss = F.cross_entropy(hidden @ leaves["3.weight"].T + leaves["3.bias"], site.rows.target)
        slopes = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))
        expected = {name: part - 0.5 * RATE * slopes[name] for name, part in expected.items()}
    for name, part in expected.items():
        torch.testing.assert_close(found.weights[name], part, rtol=1e-5, atol=1e-6)


def test_what_a_round_adds_scatters_as_is_accounted_for():
    """Ten steps of noise z C / (q n) each, far above what rows could move."""
    world_ = world(noise_multiplier=200.0, noise_seed=None)
    changes = torch.stack([moved(*world_, round_number=number) for number in range(1, 41)]).double().numpy()
    deviation = RATE * 200.0 * 0.5 / (0.2 * ROWS) * np.sqrt(10)
    below = stats.chi2.cdf(np.square(changes / deviation).sum(), changes.size)
    assert 1e-6 < below < 1 - 1e-6
    assert abs(np.corrcoef(changes[::2].ravel(), changes[1::2].ravel())[0, 1]) < 0.2


def test_clients_and_rounds_draw_noise_of_their_own_and_a_seed_repeats_it():
    learner, site, start = world()
    other = dataclasses.replace(site, client=CLIENT + 1)
    first = moved(learner, site, start)
    assert torch.equal(first, moved(learner, site, start))
    assert not torch.equal(first, moved(learner, site, start, round_number=2))
    assert not torch.equal(first, moved(learner, other, start))
    secret = world(noise_seed=None)
    assert not torch.equal(moved(*secret), moved(*secret))


def test_dropout_is_as_secret_as_the_noise_under_fedprox_too():
    """Without noise two rounds differ by what is dropped alone: no seed that is told repeats it."""
    quiet = {"noise_multiplier": 0.0, "sample_rate": 1.0, "steps": 1, "noise_seed": None, "dropout": 0.5}
    for told in ({}, {"proximal_mu": 0.5}):
        assert not torch.equal(moved(*world(**quiet), **told), moved(*world(**quiet), **told))


def test_rounds_that_draw_nobody_are_noise_alone_and_look_like_any():
    learner, site, start = world(sample_rate=1e-9, noise_seed=None)
    found = learn(learner, site, start, round_number=1, factor=1.0)
    assert found.loss is None
    assert all(torch.isfinite(part).all() and not torch.equal(part, start[name])
               for name, part in found.weights.items())  # fmt: skip


def test_the_network_is_left_without_hooks():
    learner, site, start = world()
    moved(learner, site, start)
    assert not any(module._forward_hooks for module in learner.network.modules())


def silent(noise, buffer, deviation):
    buffer.zero_()


def halved(stepper, deviation, start=PrivateStepper._start):
    start(stepper, deviation / 2)


def first_without(gradient, assign=FlatGradient.assign):
    next(iter(gradient.views.values())).zero_()
    assign(gradient)


@pytest.mark.parametrize(
    ("of", "name", "fault"),
    [
        (GaussianNoise, "fill", silent),
        (PrivateStepper, "_start", halved),
        (FlatGradient, "assign", first_without),
    ],
)
def test_a_client_whose_engine_leaves_noise_out_refuses_to_answer(monkeypatch, of, name, fault):
    monkeypatch.setattr(of, name, fault)
    with pytest.raises(MechanismError, match="isn't the one that is accounted for"):
        moved(*world())
