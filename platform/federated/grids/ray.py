"""Flower's own simulation: clients are run by Ray's actors, one to a core of this machine."""

import os
import warnings

from flwr.app.typing import ConfigRecordValues
from flwr.clientapp import ClientApp
from flwr.serverapp import ServerApp

from ...training.engines.ray_cluster import ray_cluster

__all__ = ["run_on_ray"]

#: Options of Flower's actors. Without the last two one that was killed stays in their pool for good, and
#: all that it is given after fails; a message that was lost with it is tried once more.
_ACTOR: dict[str, ConfigRecordValues] = {
    "num_cpus": 1,
    "num_gpus": 0,
    "max_restarts": -1,
    "max_task_retries": 1,
}


def run_on_ray(server: ServerApp, client: ClientApp, clients: int) -> None:
    """Run the server's app here and the client's on Ray, as many nodes as there are clients.

    Raises:
        UsageError: Ray isn't installed.
    """
    from flwr.simulation import run_simulation

    with ray_cluster(None, workers=os.cpu_count() or 1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Ray's and Flower's about their own settings
        run_simulation(server, client, num_supernodes=clients, backend_config={"client_resources": _ACTOR})
