"""Both apps where clients are nodes of their own: on Flower's SuperLink and SuperNodes, by `infra/flower`.

The server's run configuration names the job's file and the folder for the model; each node's own
configuration names its number and the folder with its rows. Nobody else's configuration can make a node
read another folder.
"""

from pathlib import Path

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from ..exceptions import AssayError, UsageError
from ..predictor.artifact import write_json
from .client_app import client_app
from .job import read_job, write_model
from .secure.summing import SecureSums, told_of_sums
from .server_app import lead
from .watchers import watched_in

__all__ = ["FAILED", "ROUNDS", "client", "server"]

#: File beside the model: who took part in which rounds, every answer that didn't count, what watchers saw,
#: and what secure sums took.
ROUNDS = "rounds.json"

#: File there instead, where the training ended without a model: why.
FAILED = "failed.txt"

server = ServerApp()

client = client_app()


@server.main()
def _main(grid: Grid, context: Context) -> None:
    """Lead the rounds of a job, and write the model when they are done."""
    job, out = (_path(context, key) for key in ("job", "out"))
    out.mkdir(parents=True)
    try:
        told = read_job(job)
        result = lead(grid, told)
    except AssayError as error:
        (out / FAILED).write_text(str(error), encoding="utf-8")
        raise
    write_model(told, result, out)
    secure = told.federated.secure
    write_json(
        out / ROUNDS,
        {
            **result.to_json(),
            **watched_in(told.federated, result),
            **({"secure": told_of_sums(secure, result.watched[SecureSums.name])} if secure else {}),
        },
    )


def _path(context: Context, key: str) -> Path:
    """A path of the run's configuration.

    Raises:
        UsageError: it isn't there.
    """
    value = context.run_config.get(key)
    if not isinstance(value, str) or not value:
        raise UsageError(
            f"the run's configuration lacks {key}",
            got=repr(value),
            expected="a path",
            mend=f"flwr run infra/flower SUPERLINK --run-config \"{key}='PATH'\"",
        )
    return Path(value)
