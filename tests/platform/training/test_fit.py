"""The loop against the loop that anyone would write, and against itself when it is interrupted."""

import math
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import safetensors.torch
import torch
from assay.models.optimizers import build_optimizer
from assay.models.schedules import build_schedule
from assay.models.supervised import Classification
from assay.platform.augmentation.views import light_view
from assay.platform.exceptions import SpecError
from assay.platform.training import fit as loop
from assay.platform.training.augmented import Augmented
from assay.platform.training.checkpoints import Checkpoints
from assay.platform.training.fit import Outcome, Plan, fit
from assay.platform.training.progress import Throttled
from assay.platform.training.rows import Rows
from assay.platform.training.samplers import Shuffled
from assay.platform.training.seeding import derive, reproducible
from assay.platform.training.steppers import FullPrecision
from torch import nn

PLAN = Plan(stage="train", epochs=3, patience=None, seed=5)


class CutShortError(Exception):
    """What a test raises instead of killing a process."""


def images(rows: int, seed: int) -> Rows:
    """Noise with a bright quarter; the quarter is the class."""
    generator = torch.Generator().manual_seed(seed)
    target = torch.randint(4, (rows,), generator=generator)
    pixels = torch.randn(rows, 1, 8, 8, generator=generator)
    for row, code in enumerate(target.tolist()):
        pixels[row, 0, 4 * (code // 2) : 4 * (code // 2) + 4, 4 * (code % 2) : 4 * (code % 2) + 4] += 1
    return Rows(inputs=(pixels,), target=target)


TRAIN, VALIDATION = images(100, 0), images(40, 1)


def network() -> nn.Module:
    """With dropout, so that the state of its generator matters."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 4))


def run(
    objective: nn.Module,
    folder: Path | None = None,
    *,
    plan: Plan = PLAN,
    validation: Rows | None = VALIDATION,
    train: Rows = TRAIN,
    learning_rate: float = 1e-2,
    stop_after: int | None = None,
) -> Outcome:
    """Fit an objective; with `stop_after` raise when that many steps are done."""

    def told(progress) -> None:
        if progress.step == stop_after:
            raise CutShortError

    with reproducible(1, threads=1):
        sampler = Shuffled(len(train), 16, plan.seed)
        return fit(
            objective,
            train,
            validation,
            plan=plan,
            optimizer=build_optimizer("adamw", objective, learning_rate=learning_rate, weight_decay=0.01),
            schedule=build_schedule("one_cycle", plan.epochs * sampler.steps),
            sampler=sampler,
            stepper=FullPrecision(torch.Generator()),
            checkpoints=Checkpoints(folder, run="test") if folder else None,
            progress=Throttled(told, seconds=0),
        )


def digest(module: nn.Module) -> str:
    return sha256(safetensors.torch.save(module.state_dict())).hexdigest()


def bare_loop(net: nn.Module, plan: Plan, learning_rate: float) -> list[float]:
    """PyTorch's own parts in the order of its tutorials; only the seeds of dropout are ours."""
    sampler, losses = Shuffled(len(TRAIN), 16, plan.seed), []
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in net.parameters() if p.ndim > 1], "weight_decay": 0.01},
            {"params": [p for p in net.parameters() if p.ndim == 1], "weight_decay": 0.0},
        ],
        lr=learning_rate,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, learning_rate, total_steps=plan.epochs * sampler.steps, cycle_momentum=False
    )
    for epoch in range(plan.epochs):
        for step, index in enumerate(sampler.batches(epoch)):
            torch.manual_seed(derive(plan.seed, "dropout", "step", epoch, step, 0))
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(TRAIN.inputs[0][index]), TRAIN.target[index])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), plan.clip)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
    return losses


def test_the_weights_are_those_of_a_bare_loop_with_adamw_one_cycle_and_clipping():
    ours, theirs = network(), network()
    plan = replace(PLAN, clip=0.5)
    outcome = run(Classification(ours), plan=plan, validation=None)
    with reproducible(1, threads=1):
        losses = bare_loop(theirs, plan, 1e-2)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)
    first = outcome.history[0]["train_loss"]
    sizes = [len(index) for index in Shuffled(len(TRAIN), 16, 5).batches(0)]
    assert first == pytest.approx(
        sum(n * loss for n, loss in zip(sizes, losses, strict=False)) / 100, rel=1e-6
    )


def test_without_a_schedule_they_are_bitwise_those_of_plain_torch():
    ours, theirs = network(), network()
    with reproducible(1, threads=1):
        sampler, objective = Shuffled(100, 16, 5), Classification(ours)
        fit(
            objective,
            TRAIN,
            None,
            plan=replace(PLAN, clip=0.5),
            optimizer=torch.optim.AdamW(objective.parameters(), lr=1e-2),
            schedule=lambda step: 1.0,
            sampler=sampler,
            stepper=FullPrecision(torch.Generator()),
        )
        optimizer = torch.optim.AdamW(theirs.parameters(), lr=1e-2)
        for epoch in range(3):
            for step, index in enumerate(sampler.batches(epoch)):
                torch.manual_seed(derive(5, "dropout", "step", epoch, step, 0))
                optimizer.zero_grad()
                nn.functional.cross_entropy(theirs(TRAIN.inputs[0][index]), TRAIN.target[index]).backward()
                torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
                optimizer.step()
    assert digest(ours) == digest(theirs)


@pytest.mark.parametrize("clip", [0.01, 1e9, None])
def test_the_whole_gradient_is_scaled_to_the_largest_norm(clip):
    net = nn.Linear(2, 2, bias=False)
    rows = Rows(inputs=(torch.tensor([[3.0, -2.0]]),), target=torch.tensor([1]))
    before = net.weight.detach().clone()
    error = torch.softmax(net(rows.inputs[0]), 1) - torch.tensor([[0.0, 1.0]])
    gradient = error.T @ rows.inputs[0]  # closed form of d cross-entropy / d weight
    scale = 1.0 if clip is None else min(1.0, clip / gradient.norm().item())
    fit(
        Classification(net),
        rows,
        None,
        plan=Plan(stage="train", epochs=1, clip=clip),
        optimizer=torch.optim.SGD(net.parameters(), lr=0.5),
        schedule=lambda step: 1.0,
        sampler=Shuffled(1, 1, 0),
        stepper=FullPrecision(torch.Generator()),
    )
    torch.testing.assert_close(net.weight, before - 0.5 * scale * gradient.detach(), rtol=1e-4, atol=1e-6)


def test_two_runs_are_bitwise_equal_and_another_seed_is_not():
    digests = []
    for seed in (5, 5, 6):
        net = network()
        run(Classification(net), plan=replace(PLAN, seed=seed))
        digests.append(digest(net))
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("seconds", [0.0, 1e9])
def test_the_weights_do_not_depend_on_how_often_checkpoints_are_written(tmp_path, seconds):
    plain, checked = network(), network()
    run(Classification(plain))
    run(Classification(checked), tmp_path, plan=replace(PLAN, checkpoint_seconds=seconds))
    assert digest(plain) == digest(checked)


def test_a_run_interrupted_at_any_step_ends_with_bitwise_the_same_weights_and_history(tmp_path):
    whole = network()
    expected = run(Augmented(Classification(whole)))
    for step in (1, 6, 7, 10, 20):
        net, folder = network(), tmp_path / str(step)
        plan = replace(PLAN, checkpoint_seconds=0.0)
        with pytest.raises(CutShortError):
            run(Augmented(Classification(net)), folder, plan=plan, stop_after=step)
        net = network()
        nn.init.zeros_(net[1].weight)  # nothing of the fresh weights may be left
        outcome = run(Augmented(Classification(net)), folder, plan=plan)
        assert digest(net) == digest(whole), f"after step {step}"
        assert outcome.history == expected.history
        assert outcome.best_epoch == expected.best_epoch
        assert outcome.resumed_from == (step - 1) // 7


def test_a_run_interrupted_again_and_again_arrives(tmp_path):
    whole = network()
    run(Augmented(Classification(whole)))
    plan, net = replace(PLAN, checkpoint_seconds=0.0), network()
    for step in range(2, 21, 3):
        with pytest.raises(CutShortError):
            run(Augmented(Classification(net)), tmp_path, plan=plan, stop_after=step)
    run(Augmented(Classification(net)), tmp_path, plan=plan)
    assert digest(net) == digest(whole)


def test_without_checkpoints_inside_an_epoch_it_goes_on_from_the_last_epoch(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "_WORTH", 0.0)
    whole, net = network(), network()
    run(Classification(whole))
    with pytest.raises(CutShortError):
        run(Classification(net), tmp_path, stop_after=17)
    outcome = run(Classification(net), tmp_path)
    assert (outcome.resumed_from, digest(net)) == (2, digest(whole))


def test_epochs_too_short_to_be_worth_it_leave_one_checkpoint_at_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "_WORTH", 1e9)
    run(Classification(network()), tmp_path, plan=replace(PLAN, checkpoint_seconds=3600.0))
    assert [path.name.split(".")[0] for path in tmp_path.iterdir()] == ["0000000021"]


def test_a_finished_run_is_not_trained_further(tmp_path):
    net = network()
    run(Classification(net), tmp_path)
    trained, steps = digest(net), []
    again = network()
    again.register_forward_hook(lambda *_: steps.append(1))
    outcome = run(Classification(again), tmp_path)
    assert (digest(again), steps, outcome.resumed_from) == (trained, [], 3)


def test_the_kept_weights_are_those_of_the_best_validation_loss():
    net = network()
    outcome = run(Classification(net), plan=replace(PLAN, epochs=12), learning_rate=0.2)
    losses = [entry["validation_loss"] for entry in outcome.history]
    assert outcome.best_epoch == 1 + losses.index(min(losses)) < 12
    net.eval()
    found = nn.functional.cross_entropy(net(VALIDATION.inputs[0]), VALIDATION.target).item()
    assert found == pytest.approx(min(losses), rel=1e-5)


def test_a_plan_may_keep_the_last_weights_whatever_validation_says():
    net = network()
    outcome = run(Classification(net), plan=replace(PLAN, epochs=12, keep_best=False), learning_rate=0.2)
    losses = [entry["validation_loss"] for entry in outcome.history]
    assert outcome.best_epoch == 12 != 1 + losses.index(min(losses))
    net.eval()
    found = nn.functional.cross_entropy(net(VALIDATION.inputs[0]), VALIDATION.target).item()
    assert found == pytest.approx(losses[-1], rel=1e-5)


def test_it_stops_when_patience_is_out_and_stays_stopped_after_a_restart(tmp_path):
    plan = replace(PLAN, epochs=30, patience=2)
    outcome = run(Classification(network()), tmp_path, plan=plan, learning_rate=0.2)
    assert len(outcome.history) == outcome.best_epoch + 2 < 30
    again = run(Classification(network()), tmp_path, plan=plan, learning_rate=0.2)
    assert again.history == outcome.history


def test_without_validation_the_last_weights_are_kept():
    outcome = run(Classification(network()), validation=None)
    assert outcome.best_epoch == 3
    assert all("validation_loss" not in entry for entry in outcome.history)


def test_weights_of_rows_count_in_the_losses():
    heavy = Rows(
        inputs=VALIDATION.inputs, target=VALIDATION.target, weight=torch.rand(40, generator=torch.Generator())
    )
    net = network()
    outcome = run(Classification(net), plan=replace(PLAN, epochs=1), validation=heavy)
    net.eval()
    losses = nn.functional.cross_entropy(net(heavy.inputs[0]), heavy.target, reduction="none")
    expected = (losses * heavy.weight).sum() / heavy.weight.sum()
    assert outcome.history[0]["validation_loss"] == pytest.approx(expected.item(), rel=1e-5)


def test_validation_sees_the_images_as_they_are_and_training_sees_views():
    seen: list[torch.Tensor] = []

    class Watching(Classification):
        def forward(self, inputs, target, weight=None, generator=None):
            seen.append((self.training, inputs[0]))
            return super().forward(inputs, target, weight, generator)

    run(Augmented(Watching(network())), plan=replace(PLAN, epochs=1))
    assert all(not any(torch.equal(view, image) for image in TRAIN.inputs[0]) for view in seen[0][1])
    judged = torch.cat([pixels for training, pixels in seen if not training])
    assert torch.equal(judged, VALIDATION.inputs[0])
    generator = torch.Generator().manual_seed(derive(5, "views", "step", 0, 0, 0))
    index = next(Shuffled(100, 16, 5).batches(0))
    assert torch.equal(seen[0][1], light_view(TRAIN.inputs[0][index], generator))


def test_a_loss_that_is_no_number_ends_the_run_with_advice():
    rows = Rows(inputs=(torch.full((20, 1, 8, 8), math.inf),), target=torch.zeros(20, dtype=torch.int64))
    with pytest.raises(SpecError, match="no longer a number") as caught:
        run(Classification(network()), train=rows)
    assert "train.learning_rate" in caught.value.mend
