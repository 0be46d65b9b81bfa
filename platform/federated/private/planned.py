"""Everything of a private training that can be refused, before the ledger hears of it."""

from ...exceptions import CombinationError, SpecError
from ...privacy.config import CLIENT, PrivacyConfig
from ..config import FederatedConfig
from ..job import Job
from ..messages import weights_of
from .client_privacy import ClientPrivacy
from .strategies import REFUSED, TOGETHER, TOLD_OF_SINGLE

__all__ = ["planned"]


def planned(job: Job, config: PrivacyConfig) -> ClientPrivacy:
    """The noise of a job's rounds, prepared for its network and checked.

    Args:
        job: what is to be trained.
        config: the section `privacy` of the spec.

    Raises:
        CombinationError: the unit, the clipping, the strategy or the network can't be had.
        SpecError: a budget that can't be promised to so many clients, or that no noise keeps.
        MechanismError: the mechanism that would run isn't the one that is accounted for.
    """
    job.check()
    _check_section(config)
    _check_rounds(job.federated, job.clients)
    private = ClientPrivacy.plan(
        config,
        clients=job.clients,
        expected=max(1, round(job.federated.fraction * job.clients)),
        rounds=job.course().rounds,
    )
    learned = job.learner().learned
    private.prepare(weights_of(learned), learned)
    return private


def _check_section(config: PrivacyConfig) -> None:
    """What of the section has a meaning for clients."""
    rules = {
        "unit": (config.unit == CLIENT, CLIENT, "noise at the server hides whole clients"),
        "clipping": (config.clipping != "per_layer", "flat or adaptive", "a client's change has one bound"),
        "canary_rows": (config.canary_rows == 0, "0", "a coin leaves out a row, and its client would stay"),
        "physical_batch": (config.physical_batch is None, "null", "no gradient of a single row is taken"),
    }
    for key, (holds, mend, why) in rules.items():
        if not holds:
            raise CombinationError(
                f"privacy.{key} can't be had with client-level privacy",
                got=getattr(config, key),
                expected=f"{mend}: {why}",
                mend=f"set privacy.{key} to {mend}",
            )


def _check_rounds(config: FederatedConfig, clients: int) -> None:
    """What of the rounds can be had where clients are hidden."""
    if config.strategy in REFUSED:
        raise CombinationError(
            f"{config.strategy} can't be had with client-level privacy",
            got=config.strategy,
            expected=f"a strategy of means: {REFUSED[config.strategy]}",
            mend="set federated.strategy to fedavg, fedavgm or fedadam",
        )
    rules = {
        "least": (1, "how many take part is left to chance, and whether a round fails would tell of it"),
        "contributions": ("none", TOLD_OF_SINGLE),
        "outliers": (None, TOLD_OF_SINGLE),
        "secure": (None, "the server has to cut each client's change itself, and a sum shows none"),
    }
    for key, (usual, why) in rules.items():
        if getattr(config, key) != usual:
            raise CombinationError(
                f"federated.{key} can't be had with client-level privacy",
                got=getattr(config, key),
                expected=f"{usual}: {why}",
                mend=f"leave federated.{key} out",
            )
    if config.partition.minimum > 1:
        raise CombinationError(
            "federated.partition.minimum can't be had with client-level privacy",
            got=config.partition.minimum,
            expected=f"1: {TOGETHER}",
            mend="set federated.partition.minimum to 1",
        )
    if config.fraction * clients < 1:
        raise SpecError(
            "federated.fraction leaves less than one client to a round",
            got=f"{config.fraction:g} of {clients} clients",
            expected=f"{1 / clients:.3g} or more",
            mend="raise federated.fraction",
        )
