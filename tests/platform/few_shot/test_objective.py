"""The loss of an episode, by hand."""

import torch
import torch.nn.functional as F
from assay.models.conv4 import Conv4
from assay.models.inputs import ImageInput
from assay.models.prototypical import Prototypical
from assay.platform.few_shot.config import FewShotConfig, Shape
from assay.platform.few_shot.objective import Episodic, episode_of, quarter_turned
from torch import nn

CONFIG = FewShotConfig(way=2, shot=1, queries=3, train_way=4, train_shot=2, train_queries=1)


def images(shape: Shape) -> torch.Tensor:
    return torch.randn(shape.rows, 1, 8, 8, generator=torch.Generator().manual_seed(shape.rows))


def test_it_is_the_learners_loss_of_the_training_shape_and_then_of_the_judging_one():
    net = Conv4(ImageInput(channels=1, height=8, width=8), 2, width=4, norm="group")
    objective = Episodic(Prototypical(net), CONFIG, augment=None)
    for shape, mode in ((CONFIG.trained, True), (CONFIG.judged, False)):
        batch = images(shape)
        support, query = batch[: shape.way * shape.shot], batch[shape.way * shape.shot :]
        means = net.encode(support).reshape(shape.way, shape.shot, -1).mean(dim=1)
        logits = -torch.cdist(net.encode(query), means).square()
        truth = torch.arange(shape.way).repeat_interleave(shape.queries)
        found = objective.train(mode)((batch,), None, None, torch.Generator())
        torch.testing.assert_close(found, F.cross_entropy(logits, truth))


def test_episodes_are_cut_where_the_sampler_put_them():
    shape = Shape(way=2, shot=2, queries=1)
    episode = episode_of(torch.arange(6), shape)
    assert episode.support.tolist() == [0, 1, 2, 3]
    assert episode.query.tolist() == [4, 5]
    assert episode.support_target.tolist() == [0, 0, 1, 1]
    assert episode.query_target.tolist() == [0, 1]


def test_a_class_is_turned_alike_in_support_and_queries_and_all_four_turns_come_up():
    shape = Shape(way=40, shot=1, queries=2)
    square = torch.arange(9.0).reshape(1, 1, 3, 3)
    turned = quarter_turned(square.expand(shape.rows, 1, 3, 3), shape, torch.Generator().manual_seed(0))
    support, query = turned[:40], turned[40:].reshape(40, 2, 1, 3, 3)
    assert torch.equal(support, query[:, 0])
    assert torch.equal(support, query[:, 1])
    turns = torch.stack([torch.rot90(square[0], quarter, (1, 2)) for quarter in range(4)])
    which = (support.unsqueeze(1) == turns).all(dim=(2, 3, 4)).float()
    assert torch.equal(which.sum(dim=1), torch.ones(40))
    assert (which.sum(dim=0) > 3).all()


def test_images_are_changed_while_it_learns_and_never_when_it_is_judged():
    seen = []

    class Watching(nn.Module):
        def forward(self, episode):
            seen.append(torch.cat([episode.support, episode.query]))
            return torch.zeros(())

    turning = FewShotConfig(way=2, shot=1, queries=1, train_queries=1, quarter_turns=True)
    objective = Episodic(Watching(), turning, augment=lambda batch, generator: batch + 1)
    batch = images(turning.judged)
    objective.eval()((batch,), None, None, torch.Generator())
    objective.train()((batch,), None, None, torch.Generator().manual_seed(1))
    assert torch.equal(seen[0], batch)
    assert not torch.equal(seen[1], batch)
    back = torch.stack([torch.rot90(seen[1] - 1, k, (2, 3)) for k in range(4)])
    assert torch.isclose(back, batch).all(dim=(2, 3, 4)).any(dim=0).all()
