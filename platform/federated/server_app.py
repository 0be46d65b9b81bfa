"""The server's app: take the census, make the strategy, lead the rounds."""

from collections.abc import Callable
from pathlib import Path

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from .asking import one_by_one
from .census import take_census
from .cohort import fixed_share
from .course import Result
from .effort import Effort
from .job import Job
from .messages import arrays_of, weights_of
from .private.client_privacy import ClientPrivacy
from .private.record_privacy import RecordPrivacy
from .resume import RoundCheckpoints, identity, may_resume
from .rounds import run_rounds
from .secure.summing import SecureSums
from .strategies import build_strategy
from .watchers import watchers_of

__all__ = ["lead", "server_app"]


def server_app(
    job: Job,
    done: Callable[[Result], None],
    progress: Callable[[int, dict[str, float]], None] = lambda number, entry: None,
    private: ClientPrivacy | RecordPrivacy | None = None,
    kept: Path | None = None,
) -> ServerApp:
    """Make the app.

    Args:
        job: what is to be trained.
        done: told what came of it.
        progress: told each round's entry of the history.
        private: what hides clients or their rows, prepared for this job; None hides nobody.
        kept: folder that rounds are written to, for a training that is killed to go on; None keeps none.
    """
    app = ServerApp()

    @app.main()
    def main(grid: Grid, context: Context) -> None:
        done(lead(grid, job, progress, private, kept))

    return app


def lead(
    grid: Grid,
    job: Job,
    progress: Callable[[int, dict[str, float]], None] = lambda number, entry: None,
    private: ClientPrivacy | RecordPrivacy | None = None,
    kept: Path | None = None,
) -> Result:
    """Lead the clients of a grid through a training; arguments as of `server_app`.

    Raises:
        AssayError: too few clients are there, or answered.
    """
    course, learned = job.course(), job.learner().learned
    effort = Effort(shared=job.federated.grid == "in_process")
    sums = None if job.federated.secure is None else SecureSums(job.federated.secure, course.seed)
    census = take_census(grid, job.clients, course.timeout, sums and sums.census)
    inner, grid = grid, effort.through(grid, census.clients)
    parameters = tuple(name for name, _ in learned.named_parameters())
    strategy = build_strategy(
        job.federated, clients=census.clients, shares=census.shares, parameters=parameters
    )
    controls = parameters if job.federated.strategy == "scaffold" else ()
    arrays = arrays_of(weights_of(learned))
    draw = fixed_share
    if private is not None:
        course = private.course(course, job.work)
        strategy, draw = private.before(strategy), private.draw
    checkpoints = None
    if kept is not None and may_resume(job) and private is None:  # noise that is drawn anew is charged anew
        checkpoints = RoundCheckpoints(
            kept,
            run=identity(job, census, arrays),
            name=job.federated.strategy,
            strategy=strategy,
            contexts=getattr(inner, "contexts", {}),
        )
    result = run_rounds(
        grid,
        strategy,
        arrays,
        course,
        census,
        controls=controls,
        watchers=(*watchers_of(job, grid, course, census), *([sums] if sums else []), effort),
        draw=draw,
        ask=sums or one_by_one,
        checkpoints=checkpoints,
        progress=progress,
    )
    result.effort = effort.to_json()
    result.rows = {census.clients[node]: rows for node, rows in census.rows.items()}
    return result
