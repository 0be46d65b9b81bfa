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
from .answers import correction_of, judged, trained
from .effort import timed
from .local import Learner, Site, judge, learn
from .messages import ARRAYS, CONFIG, METRICS, PARTITION, ROUND, Work, number, tensors_of
from .secure.client import in_secret
from .sites import site_folder

__all__ = ["client_app", "forget", "learner_of"]

_SPLITS = ("train", "validation")


def client_app(sites: Path | None = None) -> ClientApp:
    """Make the app.

    Args:
        sites: folder of all clients' folders, for simulations. None where each node's configuration says
            `data`: the folder with that node's rows.
    """
    app = ClientApp()

    @app.query(mods=[in_secret])
    def query(message: Message, context: Context) -> Message:
        folder = _folder(sites, context)
        counts = {split: pq.read_metadata(folder / f"{split}.parquet").num_rows for split in _SPLITS}
        record = MetricRecord({PARTITION: _client(context), **counts})
        return Message(RecordDict({METRICS: record}), reply_to=message)

    @app.train(mods=[in_secret])
    @timed
    def train(message: Message, context: Context) -> Message:
        config, learner, site, weights = _asked(sites, message, context)
        correction, mine = correction_of(message.content, context, site.client, site.rows.device)
        learned = learn(
            learner,
            site,
            weights,
            round_number=int(number(config, ROUND)),
            factor=number(config, "factor"),
            proximal_mu=number({"proximal-mu": 0.0, **config}, "proximal-mu"),
            correction=correction,
        )
        content = trained(learned, site.examples(learner.work), config, weights, mine, context)
        return Message(content, reply_to=message)

    @app.evaluate(mods=[in_secret])
    @timed
    def evaluate(message: Message, context: Context) -> Message:
        config, learner, site, weights = _asked(sites, message, context)
        return Message(judged(judge(learner, site, weights), config), reply_to=message)

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
        return Message(judged(judge(learner, site, own.weights), config), reply_to=message)

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
    learner_of.cache_clear()
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
    return learner_of(text), _site(_folder(sites, context), text, _client(context))


@lru_cache(maxsize=1)
def learner_of(text: str) -> Learner:
    """The network of this process, for the work that is under way."""
    return Learner.build(Work.from_json(text))


@cache
def _site(folder: Path, text: str, client: int) -> Site:
    """A client's rows, ready for the network: prepared once, and kept between rounds."""
    return Site.open(folder, learner_of(text).work, client)
