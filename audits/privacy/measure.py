"""Everything that the stored evidence of attacks says: computed again by whoever verifies a report."""

import dataclasses
from collections.abc import Sequence
from functools import partial

import numpy as np

from ...platform.privacy.canaries.scores import CanaryScores
from ..bounds import with_bounds
from ..findings import Findings
from ..intervals import GATE
from . import membership, one_run
from .confidence import loss_threshold
from .config import PrivacyAuditConfig
from .lira import likelihood_ratio
from .members import MemberEvidence

__all__ = ["measure"]

NO_CANARIES = "no canaries were inserted into training"
NO_ATTACKS = "no attack was asked for"
NO_MEMBERS = "which rows the model was trained on isn't known"
NO_CLASSES = "the likelihood ratio is defined for classes"


def measure(
    canaries: CanaryScores | None,
    members: MemberEvidence | None,
    config: PrivacyAuditConfig,
    *,
    confidences: Sequence[float] = (),
    canary_rows: CanaryScores | None = None,
) -> Findings:
    """Findings of the attacks that the evidence allows for.

    Args:
        canaries: of the training; None where it had none.
        members: rows that were trained on, and others; None where it isn't known which they are.
        config: which attacks, and how.
        confidences: further confidences of one-sided bounds.
        canary_rows: what the model says of rows with wrong labels; None where no rows were taken for it.

    Returns:
        `epsilon_lower` of the canaries, `epsilon_lower_black_box` of rows, `membership{attack: …}` (see
        `membership.measure`) and `settings`; nothing where there is no evidence at all.
    """
    if canaries is None and canary_rows is None and (members is None or not config.attacks):
        return Findings(missing={"": NO_MEMBERS if config.attacks else NO_ATTACKS})
    found = with_bounds(
        lambda confidence: _members(members, dataclasses.replace(config, confidence=confidence)),
        confidences,
        _members(members, config),
    )
    for attack in found["membership"].values.values():
        for column in attack.get("attributes", {}).values():
            # Its lower end has to hold for all pairs of groups at once, and no gate asks for it.
            column.get("difference", {}).pop("one_sided_at", None)
    told = Findings.gather(found)
    bounds = _epsilon_lower(canaries, config, confidences), _black_box(canary_rows, config, confidences)
    settings = {"settings": dataclasses.asdict(config)}
    parts = (told, *bounds, Findings(values=settings))
    return Findings(
        values={key: value for part in parts for key, value in part.values.items()},
        missing={place: why for part in parts for place, why in part.missing.items()},
    )


def _epsilon_lower(
    canaries: CanaryScores | None, config: PrivacyAuditConfig, confidences: Sequence[float]
) -> Findings:
    """The bound at the confidence of gates, and beside it at others."""
    if canaries is None:
        return Findings(missing={"/epsilon_lower": NO_CANARIES})

    at = partial(
        one_run.measure,
        canaries.scores,
        canaries.included,
        delta=canaries.delta,
        shares=config.guesses,
        seed=config.seed,
    )
    found = at(confidence=GATE)
    others = {f"{of:g}": at(confidence=of).values for of in confidences if of != GATE}
    if found.values and others:
        bounds = {key: of["epsilon_lower"] for key, of in others.items()}
        found.values["epsilon_lower"] |= {
            "one_sided_at": {key: of["one_sided"] for key, of in bounds.items()},
            "detectable_at": {key: of["detectable"] for key, of in bounds.items()},
        }
    return found


def _black_box(
    rows: CanaryScores | None, config: PrivacyAuditConfig, confidences: Sequence[float]
) -> Findings:
    """The same bound by what the model says of rows; nothing, and no reason, where nobody asked for it."""
    if rows is None:
        return Findings()
    found = _epsilon_lower(rows, config, confidences)
    return Findings(
        values={f"{key}_black_box": value for key, value in found.values.items()},
        missing={f"{place}_black_box": why for place, why in found.missing.items()},
    )


def _members(members: MemberEvidence | None, config: PrivacyAuditConfig) -> dict[str, Findings]:
    attacks = {name: _attack(name, members, config) for name in config.attacks}
    return {"membership": Findings.gather(attacks)}


def _attack(name: str, members: MemberEvidence | None, config: PrivacyAuditConfig) -> Findings:
    """One membership attack, or why it could not be made."""
    if members is None:
        return Findings(missing={"": NO_MEMBERS})
    if name == "lira" and members.outputs.ndim == 1:
        return Findings(missing={"": NO_CLASSES})
    if name == "lira" and isinstance(members.shadows, str):
        return Findings(missing={"": members.shadows})
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
    assert not isinstance(members.shadows, str)
    return likelihood_ratio(members.outputs, members.y_true, members.shadows, online=config.lira == "online")
