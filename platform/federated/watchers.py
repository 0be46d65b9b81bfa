"""What watches a training's rounds, by what its spec asks for."""

from typing import Any

from flwr.app import ArrayRecord
from flwr.serverapp import Grid

from .census import Census
from .config import FederatedConfig
from .contributions import Contributions, Judged
from .course import Course, Result, Watcher
from .job import Job
from .judging import judge_at_clients
from .outliers import Outliers

__all__ = ["watched_in", "watchers_of"]


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


def watched_in(config: FederatedConfig, result: Result) -> dict[str, Any]:
    """What they wrote down of each round, with what is needed to make sense of it; by their names.

    Args:
        config: the section `federated` of the spec.
        result: what came of the rounds.
    """
    told = {
        Contributions.name: {"method": config.contributions, "kept": result.best_round},
        Outliers.name: {"rate": config.outliers, "planned": config.rounds},
    }
    return {name: told[name] | {"rounds": result.watched[name]} for name in told if name in result.watched}
