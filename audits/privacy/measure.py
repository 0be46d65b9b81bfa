"""Everything that the stored evidence of attacks says: computed again by whoever verifies a report."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..findings import Findings
from . import membership, one_run
from .confidence import loss_threshold
from .config import PrivacyAuditConfig
from .lira import ShadowConfidences, likelihood_ratio

__all__ = ["CanaryEvidence", "MemberEvidence", "measure"]

NO_CANARIES = "no canaries were inserted into training"
NO_MEMBERS = "the attacked model's outputs for rows that it was trained on weren't kept"
NO_SHADOWS = "no shadow models were trained"
NO_CLASSES = "the likelihood ratio is defined for classes"


@dataclass(frozen=True, kw_only=True)
class CanaryEvidence:
    """What is kept of an attack by canaries."""

    scores: np.ndarray
    """(canaries,) the higher, the more likely included."""
    included: np.ndarray
    """(canaries,) bool, how the coins fell."""
    delta: float
    """Of the claim that is attacked."""


@dataclass(frozen=True, kw_only=True)
class MemberEvidence:
    """What is kept of rows that were trained on, and of others, drawn alike."""

    outputs: np.ndarray
    """(n, classes) logits of the attacked model, or (n,) values of a regression."""
    y_true: np.ndarray
    """(n,) codes of classes, or values in the same unit."""
    member: np.ndarray
    """(n,) bool: the rows that were trained on."""
    sensitive: Mapping[str, np.ndarray] = field(default_factory=dict)
    """(n,) values of each sensitive column."""
    shadows: ShadowConfidences | None = None
    """Of the same rows."""


def measure(
    canaries: CanaryEvidence | None, members: MemberEvidence | None, config: PrivacyAuditConfig
) -> Findings:
    """Findings of the attacks that the evidence allows for.

    Returns:
        `epsilon_lower` of the canaries, `membership{attack: …}` (see `membership.measure`) and `settings`.
    """
    found = Findings.gather(
        {"membership": Findings.gather({name: _attack(name, members, config) for name in config.attacks})}
    )
    bound = Findings(missing={"/epsilon_lower": NO_CANARIES})
    if canaries is not None:
        bound = one_run.measure(
            canaries.scores,
            canaries.included,
            delta=canaries.delta,
            confidence=config.confidence,
            shares=config.guesses,
            seed=config.seed,
        )
    settings = {"settings": dataclasses.asdict(config)}
    return Findings(values=found.values | bound.values | settings, missing=found.missing | bound.missing)


def _attack(name: str, members: MemberEvidence | None, config: PrivacyAuditConfig) -> Findings:
    """One membership attack, or why it could not be made."""
    if members is None:
        return Findings(missing={"/mia_auc": NO_MEMBERS})
    if name == "lira" and members.outputs.ndim == 1:
        return Findings(missing={"/mia_auc": NO_CLASSES})
    if name == "lira" and members.shadows is None:
        return Findings(missing={"/mia_auc": NO_SHADOWS})
    return membership.measure(
        _scores(name, members, config),
        members.member,
        sensitive=members.sensitive,
        rates=config.rates,
        minimum_group_size=config.minimum_group_size,
        confidence=config.confidence,
    )


def _scores(name: str, members: MemberEvidence, config: PrivacyAuditConfig) -> np.ndarray:
    if name == "loss_threshold":
        return loss_threshold(members.outputs, members.y_true)
    assert members.shadows is not None
    return likelihood_ratio(members.outputs, members.y_true, members.shadows, online=config.lira == "online")
