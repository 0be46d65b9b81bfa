"""The server's app: take the census, make the strategy, lead the rounds."""

from collections.abc import Callable

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp
from torch import nn

from .config import FederatedConfig
from .messages import arrays_of, weights_of
from .rounds import Course, Result, run_rounds, take_census
from .strategies import build_strategy

__all__ = ["server_app"]


def server_app(
    config: FederatedConfig,
    course: Course,
    network: nn.Module,
    clients: int,
    done: Callable[[Result], None],
    progress: Callable[[int, dict[str, float]], None] = lambda number, entry: None,
) -> ServerApp:
    """Make the app.

    Args:
        config: the section of the spec.
        course: the numbers to run by.
        network: whose weights are the first global ones.
        clients: how many there are.
        done: told what came of it.
        progress: told each round's entry of the history.
    """
    app = ServerApp()

    @app.main()
    def main(grid: Grid, context: Context) -> None:
        census = take_census(grid, clients, course.timeout)
        parameters = [name for name, _ in network.named_parameters()]
        strategy = build_strategy(config, clients=census.clients, shares=census.shares, parameters=parameters)
        controls = parameters if config.strategy == "scaffold" else ()
        arrays = arrays_of(weights_of(network))
        done(run_rounds(grid, strategy, arrays, course, census, controls=controls, progress=progress))

    return app
