"""The client's side: one Flower `ClientApp`, the same on every grid.

It answers `query` (who is there, with how many rows), `train`, `evaluate`, and `evaluate.personalized`: how
good the weights become after some epochs on its own rows, which never leave it.
"""

from functools import cache, lru_cache
from pathlib import Path

import pyarrow.parquet as pq
from flwr.app import ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from torch import Tensor

from ..exceptions import UsageError
from .effort import timed
from .local import Judged, Learner, Site, judge, learn
from .messages import (
    ARRAYS,
    BOUND,
    CONFIG,
    CONTROL,
    EXAMPLES,
    METRICS,
    PARTITION,
    ROUND,
    WITHIN,
    Work,
    arrays_of,
    number,
    tensors_of,
)
from .private.updates import clipped
from .sites import site_folder

__all__ = ["client_app", "forget"]

_SPLITS = ("train", "validation")

#: Where a client remembers SCAFFOLD's control variate between rounds, and the one that no server has
#: counted yet.
_COUNTED, _PENDING, _PENDING_ROUND = "control", "control-pending", "control-pending-round"


def client_app(sites: Path | None = None) -> ClientApp:
    """Make the app.

    Args:
        sites: folder of all clients' folders, for simulations. None where each node's configuration says
            `data`: the folder with that node's rows.
    """
    app = ClientApp()

    @app.query()
    def query(message: Message, context: Context) -> Message:
        folder = _folder(sites, context)
        counts = {split: pq.read_metadata(folder / f"{split}.parquet").num_rows for split in _SPLITS}
        record = MetricRecord({PARTITION: _client(context), **counts})
        return Message(RecordDict({METRICS: record}), reply_to=message)

    @app.train()
    @timed
    def train(message: Message, context: Context) -> Message:
        config, learner, site, weights = _asked(sites, message, context)
        correction, mine = _correction(message, context, site)
        learned = learn(
            learner,
            site,
            weights,
            round_number=int(number(config, ROUND)),
            factor=number(config, "factor"),
            proximal_mu=number({"proximal-mu": 0.0, **config}, "proximal-mu"),
            correction=correction,
        )
        metrics = {EXAMPLES: site.examples, "train-loss": learned.loss, ROUND: int(number(config, ROUND))}
        moved = learned.weights
        if BOUND in config:  # with client-level privacy; the server clips again
            moved, within = clipped(weights, learned.weights, number(config, BOUND))
            metrics[WITHIN] = int(within)
        content = RecordDict({ARRAYS: arrays_of(moved), METRICS: MetricRecord(metrics)})
        if correction is not None:
            context.state[_PENDING] = arrays_of(learned.control)
            context.state[_PENDING_ROUND] = ConfigRecord({ROUND: int(number(config, ROUND))})
            change = {name: part - mine[name] for name, part in learned.control.items()}
            content[CONTROL] = arrays_of(change)
        return Message(content, reply_to=message)

    @app.evaluate()
    @timed
    def evaluate(message: Message, context: Context) -> Message:
        config, learner, site, weights = _asked(sites, message, context)
        return _told(judge(learner, site, weights), config, message)

    @app.evaluate("personalized")
    @timed
    def personalized(message: Message, context: Context) -> Message:
        config, learner, site, weights = _asked(sites, message, context)
        own = learn(
            learner,
            site,
            weights,
            round_number=int(number(config, ROUND)),
            factor=number(config, "factor"),
            epochs=int(number(config, "epochs")),
        )
        return _told(judge(learner, site, own.weights), config, message)

    return app


def _asked(
    sites: Path | None, message: Message, context: Context
) -> tuple[ConfigRecord, Learner, Site, dict[str, Tensor]]:
    """What a message tells, what is trained, what the client has, and the global weights beside its rows."""
    config = message.content.config_records[CONFIG]
    learner, site = _opened(sites, config, context)
    return config, learner, site, tensors_of(message.content.array_records[ARRAYS], site.rows.device)


def forget() -> None:
    """Drop the rows and the network that this process keeps between rounds."""
    _learner.cache_clear()
    _site.cache_clear()


def _client(context: Context) -> int:
    """The client's number, from its node's configuration."""
    return int(number(context.node_config, PARTITION))


def _folder(sites: Path | None, context: Context) -> Path:
    """The client's own folder; where its node names one, no other is opened.

    Raises:
        UsageError: nobody names one.
    """
    if "data" in context.node_config:
        return Path(str(context.node_config["data"]))
    if sites is None:
        raise UsageError(
            "this node has no rows",
            got="a node configuration without `data`",
            expected="the folder that holds the client's train.parquet, validation.parquet and schema.json",
            mend="start the node with --node-config \"partition-id=N data='FOLDER'\"",
        )
    return site_folder(sites, _client(context))


def _opened(sites: Path | None, config: ConfigRecord, context: Context) -> tuple[Learner, Site]:
    """What is trained, and this client's rows."""
    text = str(config["work"])
    return _learner(text), _site(_folder(sites, context), text, _client(context))


@lru_cache(maxsize=1)
def _learner(text: str) -> Learner:
    """The network of this process, for the work that is under way."""
    return Learner.build(Work.from_json(text))


@cache
def _site(folder: Path, text: str, client: int) -> Site:
    """A client's rows, ready for the network: prepared once, and kept between rounds."""
    return Site.open(folder, _learner(text).work, client)


def _correction(
    message: Message, context: Context, site: Site
) -> tuple[dict[str, Tensor] | None, dict[str, Tensor]]:
    """SCAFFOLD's c - c_i and c_i; None and nothing where the server sends no c.

    A control variate counts once the server has said that it counted the answer it came with. Otherwise an
    answer that was lost or left out would part c from the mean of all c_i for good.
    """
    if CONTROL not in message.content.array_records:
        return None, {}
    device = site.rows.device
    everybody = tensors_of(message.content.array_records[CONTROL], device)
    state = context.state
    if _PENDING in state:
        counted = message.content.config_records[CONFIG]["counted"]
        assert isinstance(counted, list), "the server lists the last counted round of each client"
        if state.config_records[_PENDING_ROUND][ROUND] == counted[site.client]:
            state[_COUNTED] = state.array_records[_PENDING]
    if _COUNTED in state:
        mine = tensors_of(state.array_records[_COUNTED], device)
    else:
        mine = {name: part.new_zeros(part.shape) for name, part in everybody.items()}
    return {name: part - mine[name] for name, part in everybody.items()}, mine


def _told(judged: Judged, config: ConfigRecord, message: Message) -> Message:
    """A judgement as an answer."""
    record = MetricRecord(
        {
            EXAMPLES: judged.examples,
            "loss": judged.loss,
            "rows": judged.rows,
            ROUND: int(number(config, ROUND)),
        }
    )
    if judged.correct is not None:
        record["correct"] = judged.correct
    return Message(RecordDict({METRICS: record}), reply_to=message)
