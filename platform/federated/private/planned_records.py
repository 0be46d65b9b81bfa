"""Everything of rounds that hide rows that can be refused, before the ledger hears of it."""

from collections.abc import Sequence

from ...exceptions import CombinationError
from ...privacy.bookkeeping import BookKeeping
from ...privacy.config import PrivacyConfig
from ..config import FederatedConfig
from ..job import Job
from .record_privacy import RecordPrivacy
from .strategies import FOLLOWS, FURTHER, REWEIGHED, SUMMED, UNNOISED

__all__ = ["planned_records"]


def planned_records(job: Job, config: PrivacyConfig, rows: Sequence[int]) -> RecordPrivacy:
    """The noise of a job's clients, checked as far as it can be without a row.

    Args:
        job: what is to be trained.
        config: the section `privacy` of the spec.
        rows: number of train rows of each client.

    Raises:
        CombinationError: the clipping, the strategy or a key of the rounds can't be had.
        ModelError: the network mixes rows, or hides what is needed.
        SpecError: a budget that can't be promised to so many rows, or that no noise keeps.
        MechanismError: rows wouldn't be drawn as is accounted for.
    """
    job.check()
    _refuse(job.federated, config, mixed=job.train.mixup > 0 or job.train.cutmix > 0)
    BookKeeping(job.learner().objective).close()
    return RecordPrivacy.plan(
        config,
        rows=rows,
        batch_size=job.train.batch_size,
        local_epochs=job.federated.local_epochs,
        rounds=job.course().rounds,
    )


def _refuse(federated: FederatedConfig, config: PrivacyConfig, *, mixed: bool) -> None:
    """What has no meaning, or no noise, where clients hide rows."""
    refused = {
        f"federated.strategy: {federated.strategy}": UNNOISED.get(federated.strategy),
        "federated.secure": SUMMED if federated.secure is not None else None,
        "federated.personalize": FURTHER if federated.personalize else None,
        "privacy.clipping: adaptive": FOLLOWS if config.clipping == "adaptive" else None,
        "privacy.canary_rows": REWEIGHED if config.canary_rows else None,
        "mixed images": "each row needs a gradient of its own" if mixed else None,
    }
    for key, why in refused.items():
        if why is not None:
            raise CombinationError(
                f"{key} can't be had with noise at clients",
                got=key,
                expected=f"none: {why}",
                mend="leave it out, or take another value",
            )
