"""Noisy means and private trainings that a test says in one line."""

from collections.abc import Callable

import pytest
import torch
from assay.platform.federated.config import FederatedConfig
from assay.platform.federated.private.noisy_mean import NoisyMean
from assay.platform.federated.training import train_federated
from assay.platform.privacy.clipping import FlatClipping
from assay.platform.privacy.config import PrivacyConfig
from assay.platform.privacy.noise import GaussianNoise
from assay.platform.training.config import TrainConfig

LIKES = {"weight": torch.zeros(30, 20), "bias": torch.zeros(7)}


def _mean(**changes) -> NoisyMean:
    settings = {
        "clipping": FlatClipping(0.5),
        "noise_multiplier": 1.0,
        "expected": 10,
        "noise": GaussianNoise(0),
        "spare": 200,
        "canaries": None,
    }
    return NoisyMean(changes.pop("likes", LIKES), **settings | changes)


@pytest.fixture(scope="session")
def mean() -> Callable[..., NoisyMean]:
    """A noisy mean of 607 numbers for 10 clients a round, with the bound 0.5; settings can be replaced."""
    return _mean


class _Ledger:
    """An account that notes what it is told."""

    def __init__(self):
        self.said = []

    def reserve(self, mechanism, *, resumed):
        assert not resumed
        self.said.append(("reserve", mechanism.steps))

    def begin(self):
        self.said.append(("begin",))

    def settle(self, ran):
        self.said.append(("settle", ran.steps))


@pytest.fixture
def ledger() -> type[_Ledger]:
    """Makes an account that notes what it is told."""
    return _Ledger


@pytest.fixture
def run(tmp_path, request):
    """Run the stage as MODEL, TRAIN, SHARES and BUDGET of the test's file say, but for what the test does.

    Gives the folder that it filled, its details, and what the account heard.
    """
    runs, usual = iter(range(100)), request.module

    def go(dataset, *, train=None, privacy=None, model=usual.MODEL, heard=None, **told):
        out, account = tmp_path / f"model{next(runs)}", heard or _Ledger()
        out.mkdir()
        details = train_federated(
            dataset=dataset,
            model=model,
            config=TrainConfig(**usual.TRAIN | (train or {})),
            federated=FederatedConfig(**usual.SHARES | told),
            out=out,
            scratch=tmp_path / "scratch",
            privacy=PrivacyConfig(**usual.BUDGET | (privacy or {})),
            account=account,
        )
        return out, details, account.said

    return go
