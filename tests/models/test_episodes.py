"""Episodes, and learners of them against closed forms."""

import pytest
import torch
from assay.models.episodes import Episode, accuracies, draw_episode, score
from hypothesis import given
from hypothesis import strategies as st

CLASSES = [
    torch.full((rows, 1), float(code)) + torch.arange(rows)[:, None] / 100
    for code, rows in enumerate((8, 9, 10, 8, 12, 8))
]


@given(
    seed=st.integers(0, 10_000), ways=st.integers(1, 6), shots=st.integers(1, 4), queries=st.integers(1, 4)
)
def test_an_episode_has_other_rows_of_the_same_classes(seed, ways, shots, queries):
    generator = torch.Generator().manual_seed(seed)
    episode = draw_episode(CLASSES, ways=ways, shots=shots, queries=queries, generator=generator)
    assert (len(episode.support), len(episode.query), episode.ways) == (ways * shots, ways * queries, ways)
    rows = torch.cat([episode.support, episode.query]).flatten().tolist()
    assert len(set(rows)) == len(rows)
    of_label = {
        int(label): int(row) for row, label in zip(episode.support, episode.support_target, strict=True)
    }
    assert len(set(of_label.values())) == ways
    for row, label in zip(episode.query, episode.query_target, strict=True):
        assert int(row) == of_label[int(label)]


def test_classes_come_up_equally_often():
    generator = torch.Generator().manual_seed(0)
    met = torch.zeros(6)
    for _ in range(600):
        episode = draw_episode(CLASSES, ways=2, shots=1, queries=1, generator=generator)
        met[episode.support.flatten().int().long()] += 1
    assert float((met / 200 - 1).abs().max()) < 0.25  # five standard deviations


@pytest.mark.parametrize("asked", [{"ways": 7}, {"shots": 8}, {"queries": 0}])
def test_more_than_there_is_is_refused(asked):
    with pytest.raises(ValueError, match="6 classes of 8 rows and more, expected at least"):
        draw_episode(CLASSES, **{"ways": 2, "shots": 1, "queries": 1} | asked, generator=torch.Generator())


class Knowing:
    """Answers every query right but those of the last class, in favour of the first."""

    def logits(self, episode: Episode) -> torch.Tensor:
        answer = torch.where(episode.query_target == episode.ways - 1, 0, episode.query_target)
        return torch.eye(episode.ways)[answer]


def test_accuracy_is_the_share_of_right_answers():
    generator = torch.Generator().manual_seed(0)
    drawn = [draw_episode(CLASSES, ways=4, shots=1, queries=3, generator=generator) for _ in range(3)]
    assert accuracies(Knowing(), drawn).tolist() == [0.75] * 3


def test_the_interval_is_that_of_a_mean():
    found = torch.tensor([0.5, 0.7, 0.9, 0.5], dtype=torch.float64)
    told = score(found)
    deviation = (((found - 0.65) ** 2).sum() / 3) ** 0.5
    assert told.value == pytest.approx(0.65)
    assert (told.low, told.high) == pytest.approx(
        (0.65 - 0.98 * float(deviation), 0.65 + 0.98 * float(deviation))
    )
    assert told.episodes == 4


def test_intervals_hold_the_truth_as_often_as_they_say():
    draw = torch.Generator().manual_seed(0)
    held = 0
    for _ in range(400):
        found = torch.bernoulli(torch.full((100, 15), 0.8), generator=draw).double().mean(dim=1)
        told = score(found)
        held += told.low <= 0.8 <= told.high
    assert 0.92 <= held / 400 <= 0.975
