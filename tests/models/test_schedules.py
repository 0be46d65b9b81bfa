"""Schedules against torch's own."""

import pytest
import torch
from assay.models.schedules import SCHEDULES, build_reaction, build_schedule
from assay.models.unknown import UnknownNameError
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    LambdaLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
    StepLR,
)


def rates(scheduler_of, steps: int) -> list[float]:
    """Rates of a torch scheduler at a peak of 1."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler: LRScheduler = scheduler_of(optimizer)
    seen = []
    for step in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step < steps - 1:
            scheduler.step()
    return seen


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 97])
@pytest.mark.parametrize("warmup", [0.15, 0.3])
def test_one_cycle_is_torchs_one_cycle(steps, warmup):
    ours = build_schedule("one_cycle", steps, warmup=warmup)
    theirs = rates(lambda optimizer: OneCycleLR(optimizer, 1.0, total_steps=steps, pct_start=warmup), steps)
    assert [ours(step) for step in range(steps)] == pytest.approx(theirs, abs=1e-12)


def test_cosine_without_warm_up_is_torchs_cosine():
    ours = build_schedule("cosine", 50, warmup=0.0, end=0.1)
    theirs = rates(lambda optimizer: CosineAnnealingLR(optimizer, 50, eta_min=0.1), 50)
    assert [ours(step) for step in range(50)] == pytest.approx(theirs, abs=1e-12)


def test_constant_rises_straight_and_stays():
    ours = build_schedule("constant", 40, warmup=0.1)
    theirs = rates(lambda optimizer: LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 4)), 40)
    assert [ours(step) for step in range(40)] == pytest.approx(theirs)


def test_restarts_of_equal_length_are_torchs_warm_restarts():
    ours = build_schedule("cosine_restarts", 60, warmup=0.0, cycles=3, growth=1.0, end=0.1)
    theirs = rates(lambda optimizer: CosineAnnealingWarmRestarts(optimizer, 20, eta_min=0.1), 60)
    assert [ours(step) for step in range(60)] == pytest.approx(theirs, abs=1e-12)


def test_growing_restarts_are_torchs_warm_restarts():
    ours = build_schedule("cosine_restarts", 70, warmup=0.0, cycles=3, growth=2.0)
    theirs = rates(lambda optimizer: CosineAnnealingWarmRestarts(optimizer, 10, T_mult=2), 70)
    assert [ours(step) for step in range(70)] == pytest.approx(theirs, abs=1e-12)


def test_linear_decay_is_torchs_linear():
    ours = build_schedule("linear", 40, warmup=0.0, end=0.2)
    theirs = rates(
        lambda optimizer: LinearLR(optimizer, start_factor=1.0, end_factor=0.2, total_iters=40), 40
    )
    assert [ours(step) for step in range(40)] == pytest.approx(theirs, abs=1e-12)


def test_step_decay_is_torchs_step():
    ours = build_schedule("step", 40, drops=3, factor=0.5)
    theirs = rates(lambda optimizer: StepLR(optimizer, 10, gamma=0.5), 40)
    assert [ours(step) for step in range(40)] == pytest.approx(theirs, abs=1e-12)


@given(steps=st.integers(1, 300), warmup=st.floats(0, 0.9))
def test_restarts_stay_between_0_and_the_peak(steps, warmup):
    factors = [build_schedule("cosine_restarts", steps, warmup=warmup)(step) for step in range(steps)]
    assert min(factors) >= 0
    assert max(factors) <= 1 + 1e-12


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "cosine_restarts"])
@given(steps=st.integers(1, 300), warmup=st.floats(0, 1))
def test_a_factor_is_never_negative_never_above_one_and_one_is_the_peak(name, steps, warmup):
    factors = [build_schedule(name, steps, warmup=warmup)(step) for step in range(steps)]
    assert min(factors) >= 0
    assert max(factors) <= 1 + 1e-12
    peak = factors.index(max(factors))
    assert factors[: peak + 1] == sorted(factors[: peak + 1])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)


def test_an_unknown_schedule_or_option_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"got 'one_cycl'.*did you mean 'one_cycle'"):
        build_schedule("one_cycl", 10)
    with pytest.raises(UnknownNameError, match=r"option of cosine: got 'warm_up'.*did you mean 'warmup'"):
        build_schedule("cosine", 10, warm_up=0.1)


@pytest.mark.parametrize("row", SCHEDULES.values(), ids=SCHEDULES)
def test_the_options_in_the_table_are_those_of_the_function(row):
    reaction = row.reaction.__kwdefaults__ if row.reaction else {}
    assert dict(row.options) == {**row.function.__kwdefaults__, **reaction}


@settings(deadline=None)  # torch's first scheduler of this kind imports for seconds
@given(
    losses=st.lists(st.sampled_from([1.0, 0.9, 0.89995, 0.5, 0.2]), max_size=30),
    factor=st.sampled_from([0.1, 0.5]),
    patience=st.integers(0, 4),
)
def test_a_plateau_lowers_the_rate_where_torchs_does(losses, factor, patience):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = ReduceLROnPlateau(optimizer, factor=factor, patience=patience, eps=0.0)
    ours = build_reaction("plateau", factor=factor, patience=patience)
    assert ours is not None
    for epoch, loss in enumerate(losses, start=1):
        theirs.step(loss)
        assert ours(losses[:epoch]) == pytest.approx(optimizer.param_groups[0]["lr"])


def test_only_a_plateau_reacts_to_losses():
    assert [name for name in SCHEDULES if build_reaction(name) is not None] == ["plateau"]


@pytest.mark.parametrize(
    ("name", "options"),
    [("cosine", {"end": -0.5}), ("one_cycle", {"start": float("nan")}), ("plateau", {"factor": 2.0})],
)
def test_options_that_make_no_rate_are_refused(name, options):
    build = build_reaction if name == "plateau" else lambda name, **given: build_schedule(name, 100, **given)
    with pytest.raises(ValueError, match=f"{name}: got"):
        build(name, **options)
