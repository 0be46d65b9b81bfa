"""Signs of life."""

from assay.platform.training.progress import Progress, Throttled


def test_it_is_told_no_more_often_than_it_wants_and_metrics_are_computed_only_then():
    told, computed = [], []
    throttled = Throttled(told.append, seconds=3600)
    for step in range(100):
        throttled("train", step, 100, lambda step=step: computed.append(step) or {"loss": 1.0})
    assert told == [Progress(stage="train", step=0, total=100, metrics={"loss": 1.0})]
    assert computed == [0]


def test_the_end_of_an_epoch_is_told_at_once():
    told = []
    throttled = Throttled(told.append, seconds=3600)
    for step in (1, 2):
        throttled("train", step, 2, dict, now=True)
    assert [progress.step for progress in told] == [1, 2]
