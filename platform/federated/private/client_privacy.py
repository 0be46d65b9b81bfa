"""From the section `privacy` of a spec to rounds that hide clients: noise, who is drawn, what is claimed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from flwr.serverapp.strategy import FedAvg
from torch import Tensor, nn

from ...exceptions import CombinationError
from ...privacy.accountant import SubsampledGaussian, check_budget, epsilon_of, noise_multiplier_for
from ...privacy.canaries.coins import coins, random_numbers
from ...privacy.canaries.scores import CanaryScores
from ...privacy.clipping import CLIPPINGS
from ...privacy.config import CLIENT, PrivacyConfig
from ...privacy.noise import GaussianNoise
from ...privacy.poisson_sampler import Poisson
from ...privacy.self_check import check_sampling
from ..census import Census
from ..course import Course
from ..messages import Work
from .canaries import Canaries
from .noisy_mean import NoisyMean
from .self_check import check_mean, check_noise
from .strategy import PrivateStrategy

__all__ = ["ClientPrivacy"]

_SPARE = 1000
"""Coordinates for the self-check of the noise, where canaries ask for fewer."""


@dataclass(kw_only=True)
class ClientPrivacy:
    """What rounds are led by, and what is promised of them.

    Attributes:
        config: the section of the spec.
        clients: number of all clients.
        rounds: at most.
        sampler: who takes part in which round.
        noise_multiplier: of a round.
        noise: what hides them.
        mean: the mechanism, once the network is known.
        begun: rounds that began.
    """

    config: PrivacyConfig
    clients: int
    rounds: int
    sampler: Poisson
    noise_multiplier: float
    noise: GaussianNoise
    mean: NoisyMean | None = field(default=None, init=False)
    begun: int = field(default=0, init=False)

    @classmethod
    def plan(cls, config: PrivacyConfig, *, clients: int, expected: int, rounds: int) -> "ClientPrivacy":
        """Find the noise for a budget.

        Args:
            config: the section of the spec.
            clients: number of all clients.
            expected: clients that take part in a round on average.
            rounds: at most.

        Raises:
            SpecError: a budget that can't be promised to so many clients, or that no noise keeps.
            MechanismError: clients wouldn't be drawn as is accounted for.
        """
        check_budget(
            epsilon=config.epsilon, delta=config.delta, rows=clients, batch_size=expected,
            unit="client", stage="federated",
        )  # fmt: skip
        sampler = Poisson(clients, expected, config.noise_seed)
        check_sampling(sampler)
        noise_multiplier = noise_multiplier_for(
            config.epsilon, delta=config.delta, sample_rate=sampler.sample_rate, steps=rounds,
            accountant=config.accountant,
        )  # fmt: skip
        noise = GaussianNoise(config.noise_seed)
        return cls(
            config=config, clients=clients, rounds=rounds, sampler=sampler,
            noise_multiplier=noise_multiplier, noise=noise,
        )  # fmt: skip

    @property
    def seed(self) -> int:
        """Of what chance does at clients: as secret as the noise.

        A client that is left out moves the others to other numbers, and known draws would change with those:
        then more than one update would differ, and the bound would bound nothing.
        """
        return self.noise.stream.number("clients")

    def course(self, course: Course, work: Work) -> Course:
        """The same rounds, with clients whose chance is as secret as the noise."""
        return replace(course, work=replace(work, seed=self.seed).to_json())

    def draw(self, course: Course, census: Census, round_number: int) -> dict[int, int]:
        """Nodes and numbers of those that take part in a round, each by a coin of its own: maybe none."""
        self.begun = max(self.begun, round_number)
        epoch, start = divmod(round_number - 1, self.sampler.steps)
        drawn = frozenset(next(self.sampler.batches(epoch, start=start)).tolist())
        return {node: client for node, client in census.clients.items() if client in drawn}

    def prepare(self, likes: Mapping[str, Tensor], learned: nn.Module) -> None:
        """Build the mechanism for a network, and check it.

        Args:
            likes: arrays that clients send.
            learned: what they belong to.

        Raises:
            CombinationError: the network normalizes over the batch.
            SpecError: the clipping can't be had with so much noise.
            MechanismError: the mechanism that would run isn't the one that is accounted for.
        """
        _refuse_batch_norm(learned)
        check_mean(lambda: self._mean(likes, GaussianNoise()))
        self.mean = self._mean(likes, self.noise, self._canaries())

    def before(self, inner: FedAvg) -> PrivateStrategy:
        """The noisy mean before a strategy."""
        assert self.mean is not None, "prepare comes first"
        return PrivateStrategy(inner, self.mean)

    def finished(self) -> CanaryScores | None:
        """What the canaries show, once the rounds are over; None where there are none.

        Raises:
            MechanismError: what was released had other noise than is accounted for.
        """
        assert self.mean is not None, "prepare comes first"
        check_noise(self.mean)
        found = self.mean.canaries
        if found is None:
            return None
        return CanaryScores(scores=found.scores, included=found.included, delta=self.config.delta)

    def mechanism(self, rounds: int) -> SubsampledGaussian:
        """What so many rounds are to an accountant or a ledger."""
        return SubsampledGaussian(
            noise_multiplier=self.noise_multiplier, sample_rate=self.sampler.sample_rate, steps=rounds
        )

    def details(self) -> dict[str, Any]:
        """For the manifest: what was asked for, the mechanism that ran, its epsilon, and how loud it was."""
        config, mean = self.config, self.mean
        assert mean is not None, "prepare comes first"
        ran = self.mechanism(mean.releases)
        loudness = mean.clipping.gradient_noise(self.noise_multiplier) * mean.numbers**0.5 / mean.expected
        return {
            "epsilon": epsilon_of([ran], delta=config.delta, accountant=config.accountant),
            "epsilon_asked": config.epsilon,
            "delta": config.delta,
            "unit": CLIENT,
            "accountant": config.accountant,
            "clipping": config.clipping,
            "max_grad_norm": config.max_grad_norm,
            "noise_multiplier": self.noise_multiplier,
            "sample_rate": self.sampler.sample_rate,
            "steps": mean.releases,
            "canaries": 0 if mean.canaries is None else len(mean.canaries.scores),
            "secret_noise": self.noise.secret and self.sampler.stream.secret,
            "clients": self.clients,
            "clients_a_round": mean.expected,
            "noise_over_bound": loudness,
        }

    def _mean(
        self, likes: Mapping[str, Tensor], noise: GaussianNoise, canaries: Canaries | None = None
    ) -> NoisyMean:
        expected = self.sampler.batch_size
        return NoisyMean(
            likes,
            clipping=CLIPPINGS[self.config.clipping](self.config.max_grad_norm, expected),
            noise_multiplier=self.noise_multiplier,
            expected=expected,
            noise=noise,
            spare=max(_SPARE, self.config.canaries),
            canaries=canaries,
        )

    def _canaries(self) -> Canaries | None:
        count = self.config.canaries
        if count == 0:
            return None
        rng = random_numbers(self.config.noise_seed)
        included = coins(count, rng)
        return Canaries(
            included=included, sample_rate=self.sampler.sample_rate, rng=rng, scores=np.zeros(count)
        )


def _refuse_batch_norm(learned: nn.Module) -> None:
    """Running statistics are means over a client's rows, and a noisy variance may be below 0.

    Raises:
        CombinationError: a layer keeps them.
    """
    for name, module in learned.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            raise CombinationError(
                "batch normalization can't be had with client-level privacy",
                got=f"{type(module).__name__} at {name}",
                expected="layers without running statistics: with noise a variance may fall below 0",
                mend="set model.norm to group (or layer, where the architecture has that)",
            )
