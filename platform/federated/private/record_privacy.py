"""From the section `privacy` of a spec to rounds that hide rows: noise at every client, what is claimed.

Clients' rows are disjoint, so what hides a row at its own client hides it from everybody: parallel
composition (McSherry, "Privacy Integrated Queries" (2009), theorem 4,
https://doi.org/10.1145/1559845.1559850). Neighbours differ by one row at one client; the number of rows of
each is taken as known, and so is who takes part in which round.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from flwr.serverapp.strategy import FedAvg

from ...exceptions import SpecError
from ...privacy.accountant import SubsampledGaussian, check_budget, epsilon_of, noise_multiplier_for
from ...privacy.config import RECORD, PrivacyConfig
from ...privacy.self_check import check_sampling
from ..census import Census
from ..cohort import fixed_share
from ..course import Course
from ..messages import Work
from .common_rate import CommonRate
from .record_terms import RecordTerms

__all__ = ["RecordPrivacy"]


@dataclass(kw_only=True)
class RecordPrivacy:
    """What rounds are led by, and what is promised of them.

    Attributes:
        config: the section of the spec.
        clients: number of all clients.
        rounds: at most.
        steps: that a client takes in a round.
        terms: what every client is told.
        asked: rounds that each client was asked to train in, whether or not it answered.
    """

    config: PrivacyConfig
    clients: int
    rounds: int
    steps: int
    terms: RecordTerms
    asked: Counter[int] = field(default_factory=Counter, init=False)

    @classmethod
    def plan(
        cls, config: PrivacyConfig, *, rows: Sequence[int], batch_size: int, local_epochs: int, rounds: int
    ) -> "RecordPrivacy":
        """Find the noise for a budget: the same for a row of any client that takes part in every round.

        Args:
            config: the section of the spec.
            rows: number of train rows of each client.
            batch_size: expected rows a step, at a client that has the mean number of rows.
            local_epochs: passes of a client over its rows in a round.
            rounds: at most.

        Raises:
            SpecError: a budget that can't be promised to so many rows, or that no noise keeps.
            MechanismError: rows wouldn't be drawn as is accounted for.
        """
        check_budget(epsilon=config.epsilon, delta=config.delta, rows=sum(rows), batch_size=batch_size)
        mean = sum(rows) / len(rows)
        if batch_size > mean:
            raise SpecError(
                "train.batch_size is out of range",
                got=batch_size,
                expected=f"at most {int(mean)}, the mean number of a client's train rows",
                mend="lower train.batch_size, or federated.clients",
            )
        rate, passes = batch_size / mean, int(-(-mean // batch_size))
        check_sampling(CommonRate(round(mean), rate=rate, steps=passes, seed=config.noise_seed))
        steps = local_epochs * passes
        noise_multiplier = noise_multiplier_for(
            config.epsilon, delta=config.delta, sample_rate=rate, steps=rounds * steps,
            accountant=config.accountant,
        )  # fmt: skip
        terms = RecordTerms(
            noise_multiplier=noise_multiplier,
            sample_rate=rate,
            steps=passes,
            **{key: getattr(config, key) for key in _TOLD},
        )
        return cls(config=config, clients=len(rows), rounds=rounds, steps=steps, terms=terms)

    @property
    def begun(self) -> int:
        """Rounds that the client was asked for that was asked most often."""
        return max(self.asked.values(), default=0)

    def course(self, course: Course, work: Work) -> Course:
        """The same rounds, with clients that are told the terms, and tell no loss of a train row."""
        return replace(course, work=replace(work, privacy=self.terms).to_json(), silent=True)

    def draw(self, course: Course, census: Census, round_number: int) -> dict[int, int]:
        """Nodes and numbers of those that take part in a round: known to all, so it makes nothing cheaper."""
        drawn = fixed_share(course, census, round_number)
        self.asked.update(drawn.values())
        return drawn

    def before(self, inner: FedAvg) -> FedAvg:
        """The strategy as it is: what it makes of noisy weights is post-processing."""
        return inner

    def finished(self) -> None:
        """No canaries: noise is drawn at clients, and none of it is told."""

    def mechanism(self, rounds: int) -> SubsampledGaussian:
        """What so many rounds of a client are to an accountant or a ledger."""
        return SubsampledGaussian(
            noise_multiplier=self.terms.noise_multiplier,
            sample_rate=self.terms.sample_rate,
            steps=rounds * self.steps,
        )

    def epsilon(self, rounds: int) -> float:
        """What so many rounds cost a row of a client."""
        config = self.config
        return epsilon_of([self.mechanism(rounds)], delta=config.delta, accountant=config.accountant)

    def by_client(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """What `clients.json` holds, and the epsilon of each client's rows by the rounds it was asked in."""
        spent = cache(self.epsilon)
        return {**found, "clients": [{**row, "epsilon": spent(row["asked"])} for row in found["clients"]]}

    def of_details(self, details: Mapping[str, Any]) -> dict[str, Any]:
        """The manifest's facts, without how long each client computed: it tells how many rows were drawn."""
        kept = {key: value for key, value in details.items() if key != "effort"}
        return {**kept, "clients_alone_because": "noise is drawn by each client from a stream of its own"}

    def details(self) -> dict[str, Any]:
        """For the manifest: what was asked for, the mechanism that ran, its epsilon at the worst client."""
        config, ran = self.config, self.mechanism(self.begun)
        return {
            "epsilon": self.epsilon(self.begun),
            "epsilon_asked": config.epsilon,
            "delta": config.delta,
            "unit": RECORD,
            "accountant": config.accountant,
            "clipping": config.clipping,
            "max_grad_norm": config.max_grad_norm,
            "noise_multiplier": ran.noise_multiplier,
            "sample_rate": ran.sample_rate,
            "steps": ran.steps,
            "canaries": 0,
            "secret_noise": config.noise_seed is None,
            "clients": self.clients,
        }


_TOLD = ("max_grad_norm", "clipping", "physical_batch", "noise_seed")
