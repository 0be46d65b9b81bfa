"""One Prefect server for all flow tests, and small data that train in seconds."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from assay.flows.chain import Run, perform
from assay.flows.environment import QUIET
from assay.flows.home import Home
from assay.flows.prefect_server import PrefectServer
from assay.flows.register import publish
from assay.flows.spec import parse_spec
from assay.flows.stages import wanted


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory) -> Iterator[str]:
    """A server that every flow of the session reports to; it takes longer to start than a test takes."""
    os.environ.update(QUIET)
    server = PrefectServer(tmp_path_factory.mktemp("prefect"))
    os.environ["PREFECT_API_URL"] = server.url
    server.wait()
    yield server.url
    del os.environ["PREFECT_API_URL"]
    server.close()


@pytest.fixture(scope="session")
def chained() -> Callable[[Path, dict], tuple[Run, dict]]:
    """The stages one after the other, without a flow around them; the run and its report."""

    def run(home: Path, document: dict) -> tuple[Run, dict]:
        started = Run.open(parse_spec(document), Home(home))
        started.meter.start()
        for stage in wanted(started.spec):
            perform(stage, started)
        _, report = publish(started)
        started.meter.close()
        return started, report

    return run


def loans(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    """Decisions on loans that two columns explain, with a group that gets fewer."""
    draw = np.random.default_rng(seed)
    income, debt = draw.normal(50, 15, rows), draw.exponential(10, rows)
    region = draw.choice(["north", "south", "east"], rows)
    gender = draw.choice(["f", "m"], rows)
    logit = 0.1 * (income - 50) - 0.12 * (debt - 10) + 0.8 * (gender == "m") - 0.4
    return pd.DataFrame(
        {
            "income": income.round(2),
            "debt": debt.round(2),
            "region": region,
            "gender": gender,
            "granted": np.where(draw.random(rows) < 1 / (1 + np.exp(-logit)), "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def loans_spec(tmp_path_factory) -> Callable[..., dict]:
    """A spec over a CSV of loans that trains in a second; keys can be replaced."""
    path: Path = tmp_path_factory.mktemp("loans") / "loans.csv"
    loans().to_csv(path, index=False)

    def spec(**changes: object) -> dict:
        return {
            "name": "loans",
            "data": {"source": f"csv:{path}", "target": "granted", "sensitive": ["gender"]},
            "model": {"architecture": "mlp", "width": 16, "depth": 1},
            "train": {"epochs": 2, "batch_size": 64},
            "audit": {"explain": {"rows": 64, "examples": 2}, "fairness": {"replicates": 200}},
            "policy": [{"metric": "accuracy", "min": 0.3}],
            **changes,
        }

    return spec
