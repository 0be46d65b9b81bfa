"""Where the two apps run: in this process, or by Flower's simulation on Ray."""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flwr.clientapp import ClientApp
    from flwr.serverapp import ServerApp

    from .in_process import AnswerTogether

__all__ = ["run_apps"]


def _in_process(
    server: "ServerApp", client: "ClientApp", clients: int, together: "AnswerTogether | None"
) -> None:
    from .in_process import run_in_process

    run_in_process(server, client, clients, together)


def _ray(server: "ServerApp", client: "ClientApp", clients: int, together: "AnswerTogether | None") -> None:
    from .ray import run_on_ray

    run_on_ray(server, client, clients)


_GRIDS: Mapping[str, Callable[["ServerApp", "ClientApp", int, "AnswerTogether | None"], None]] = {
    "in_process": _in_process,
    "ray": _ray,
}


def run_apps(
    grid: str,
    server: "ServerApp",
    client: "ClientApp",
    clients: int,
    *,
    together: "AnswerTogether | None" = None,
) -> None:
    """Run a pair of Flower apps on the grid of that name.

    Args:
        grid: a value of `federated.grid`.
        server: what leads the rounds; what it raises is raised here.
        client: what answers, at each client.
        clients: number of clients.
        together: answers for many clients at once where they share a process; None asks the app alone.
    """
    flower = logging.getLogger("flwr")
    level = flower.level
    flower.setLevel(logging.CRITICAL)  # it tells every round at length, and faults are told in the report
    try:
        _GRIDS[grid](server, client, clients, together)
    finally:
        flower.setLevel(level)
