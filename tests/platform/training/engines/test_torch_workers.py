"""The engine inside a process group, here a group of one."""

import pytest
import torch
import torch.distributed as distributed
from assay.platform.training.engines.torch_workers import TorchWorkers
from torch import nn


@pytest.fixture
def engine(tmp_path):
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1)
    yield TorchWorkers("test")
    distributed.destroy_process_group()


def test_it_knows_who_it_is(engine):
    assert (engine.name, engine.rank, engine.workers) == ("test", 0, 1)


def test_sums_leave_what_was_summed_alone(engine):
    values = torch.tensor([1.0, 2.0])
    assert torch.equal(engine.total(values), values)


def test_a_buffer_is_added_up_in_place_and_an_answer_passed_on(engine):
    buffer = torch.tensor([1.0, 2.0])
    engine.add_up(buffer)
    assert torch.equal(buffer, torch.tensor([1.0, 2.0]))
    assert engine.once(lambda: {"key": "00ff"}) == {"key": "00ff"}


def test_a_wrapped_objective_has_the_gradient_of_the_bare_one(engine):
    objective = nn.Linear(3, 1)
    engine.wrap(objective)(torch.ones(2, 3)).sum().backward()
    assert torch.equal(objective.weight.grad, torch.full((1, 3), 2.0))
