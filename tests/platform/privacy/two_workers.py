"""A program for test_workers.py: private runs by one process, and by two that share each batch.

Everyone writes `CASE.WHO.safetensors`: weights, losses, canaries' scores, the rows drawn. Argument: a folder.
"""

import os
import sys
from pathlib import Path

import safetensors.torch
import torch
import torch.distributed as distributed
from assay.models.supervised import Classification
from assay.platform.exceptions import SpecError
from assay.platform.privacy.clipping import FlatClipping
from assay.platform.privacy.config import PrivacyConfig
from assay.platform.privacy.private_run import private_run
from assay.platform.privacy.stepper import private_stepper
from assay.platform.training.engines.in_process import Engine, InProcess
from assay.platform.training.engines.torch_workers import TorchWorkers
from assay.platform.training.fit import Plan, fit
from assay.platform.training.rows import Batch, Rows
from assay.platform.training.seeding import reproducible
from assay.platform.training.steppers import FullPrecision
from torch import nn

ROWS, EPOCHS = 200, 2

CASES = {
    "flat": {},
    "per_layer": {"clipping": "per_layer"},
    "adaptive": {"clipping": "adaptive"},
    "piecewise": {"physical_batch": 7},
    "weighted": {},
    "thin": {"batch_size": 2},  # batches of no row, and of one: a worker often has none
    "secret": {"noise_seed": None},
}


def train(case: str, group: Engine) -> dict[str, torch.Tensor]:
    """A private run: all that workers have to agree on."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(ROWS, 5, generator=generator)
    weight = torch.rand(ROWS, generator=generator) + 0.5 if case == "weighted" else None
    rows = Rows(inputs=(inputs,), target=(inputs[:, 0] > 0.3).long(), weight=weight)
    changes = {"max_grad_norm": 0.7, "noise_seed": 4, "epsilon": 8.0, "delta": 1e-3, "accountant": "rdp"}
    changes |= CASES[case]
    batch_size = changes.pop("batch_size", 40)
    with reproducible(1, threads=1):
        network = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 2))
        objective = Classification(network)
        private = private_run(
            objective, FullPrecision(torch.Generator()), rows, PrivacyConfig(**changes),
            batch_size=batch_size, epochs=EPOCHS, group=group,
        )  # fmt: skip
        outcome = fit(
            objective, rows, rows, plan=Plan(stage="train", epochs=EPOCHS, clip=None),
            optimizer=torch.optim.SGD(objective.parameters(), lr=0.2, momentum=0.9),
            schedule=lambda step: 1.0, sampler=private.sampler, stepper=private.stepper, engine=group,
        )  # fmt: skip
    losses = [[entry["train_loss"], entry["validation_loss"]] for entry in outcome.history]
    assert private.canaries is not None
    return {
        **network.state_dict(),
        "losses": torch.tensor(losses),
        "bound": torch.tensor(private.inner.clipping.bound),
        "canaries": torch.from_numpy(private.canaries.scores),
        "drawn": torch.cat(list(private.sampler.batches(0))),
    }


class Projected(nn.Module):
    """An objective whose gradient of a row is the row, so that sums of whole numbers are exact."""

    def __init__(self):
        super().__init__()
        self.line = nn.Linear(5, 1, bias=False)

    def forward(self, inputs, target=None, weight=None, generator=None):
        """Weighted mean of the projections."""
        weight = torch.ones(len(inputs[0])) if weight is None else weight
        return (self.line(inputs[0]).squeeze(1) * weight).sum() / weight.sum()


def sum_up(group: Engine) -> dict[str, torch.Tensor]:
    """The gradient of 16 rows of whole numbers without noise or clipping."""
    rows = torch.arange(80.0).view(16, 5)
    module = Projected()
    stepper = private_stepper(
        module, FullPrecision(torch.Generator()), clipping=FlatClipping(1e6), noise_multiplier=0.0,
        expected_batch=16, noise_seed=0, group=group,
    )  # fmt: skip
    part = rows.tensor_split(group.workers)[group.rank]
    stepper.backward(module, Batch(inputs=(part,), target=None, weight=None))
    assert module.line.weight.grad is not None
    return {"gradient": module.line.weight.grad}


def refused(group: Engine) -> dict[str, torch.Tensor]:
    """Whether everyone hears of what the first worker refuses."""

    def act() -> None:
        assert group.rank == 0, "only the first one acts"
        raise SpecError("no", got=1)

    try:
        group.once(act)
    except SpecError as error:
        return {"heard": torch.tensor(error.got == 1)}
    return {"heard": torch.tensor(False)}


def work(folder: Path, group: Engine, who: str) -> None:
    """Every case in turn."""
    for case in CASES:
        safetensors.torch.save_file(train(case, group), folder / f"{case}.{who}.safetensors")
    safetensors.torch.save_file(sum_up(group), folder / f"sum.{who}.safetensors")
    safetensors.torch.save_file(refused(group), folder / f"refused.{who}.safetensors")


def in_child(folder: Path, rank: int | None) -> int:
    """Work as one of two in a process of its own, or alone."""
    child = os.fork()
    if child:
        return child
    if rank is None:
        work(folder, InProcess(), "alone")
    else:
        meet = f"file://{folder}/meet"
        distributed.init_process_group("gloo", init_method=meet, rank=rank, world_size=2)
        work(folder, TorchWorkers("test"), f"rank{rank}")
        distributed.destroy_process_group()
    os._exit(0)


if __name__ == "__main__":
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    children = [in_child(Path(sys.argv[1]), rank) for rank in (None, 0, 1)]
    sys.exit(any(os.waitpid(child, 0)[1] for child in children))
