"""What watches a training's rounds, by what its spec asks for."""

from flwr.app import ArrayRecord
from flwr.serverapp import Grid

from .census import Census
from .contributions import Contributions, Judged
from .course import Course, Watcher
from .job import Job
from .judging import judge_at_clients
from .outliers import Outliers

__all__ = ["watchers_of"]


def watchers_of(job: Job, grid: Grid, course: Course, census: Census) -> list[Watcher]:
    """The watchers that look at single clients; pretraining has none.

    Args:
        job: what is to be trained.
        grid: where the clients are.
        course: the numbers to run by.
        census: who is there.
    """

    def judge(arrays: ArrayRecord, round_number: int) -> Judged:
        return judge_at_clients(grid, arrays, course, census, round_number)[0]

    told, found = job.federated, list[Watcher]()
    if job.pretrain is None and told.contributions != "none":
        found.append(Contributions(told.contributions, judge))
    if job.pretrain is None and told.outliers is not None:
        found.append(Outliers())
    return found
