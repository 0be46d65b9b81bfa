"""The report's section `privacy`: what is claimed, what that leaves out, what was spent and attacked."""

from collections.abc import Mapping
from typing import Any

from ..audits.findings import Findings
from ..audits.privacy.measure import NO_MEMBERS
from ..audits.privacy.odds import in_odds
from ..platform.store import Artifact
from . import ledger_history
from .findings_file import from_bytes
from .privacy_cost import PRIVACY_COST
from .spec import Spec
from .uncovered_facts import uncovered_of

_NOT_PRIVATE = "Trained without differential privacy: there is no guarantee to be stated."
_NOT_HERE = "Not trained here: whether with differential privacy isn't known."
_NO_MEMBERS = f"{_NOT_PRIVATE} No attack was made: {NO_MEMBERS}."
_NO_ATTACK = "No attack on privacy was made."


def privacy_section(
    spec: Spec,
    artifacts: Mapping[str, Artifact],
    audited: Findings | None,
    ledger: Mapping[str, Any] | None,
) -> Findings:
    """Everything that a report says of privacy.

    Args:
        spec: of the run.
        artifacts: of the run's stages.
        audited: what the audit stage found.
        ledger: what `ledger_history` noted.
    """
    found = Findings.gather(
        {
            "claimed": _claimed(artifacts),
            "cumulative": ledger_history.measure(ledger),
            "audited": audited or Findings(missing={"": _NO_ATTACK}),
        }
    )
    compared = _compared(artifacts)
    known = {part: values for part, values in {**found.values, **compared.values}.items() if values}
    if "claimed" in known:
        known["uncovered"] = uncovered_of(spec, artifacts, ledger)
    known |= _odds(known)
    if not known:
        return _nothing(artifacts, audited)
    return Findings(values=known, missing=found.missing | compared.missing)


def _nothing(artifacts: Mapping[str, Artifact], audited: Findings | None) -> Findings:
    """Why there is no section: nobody asked for one, or the rows that were trained on lie elsewhere."""
    asked = audited is not None and audited.missing.get("") == NO_MEMBERS
    return Findings(missing={"": _NO_MEMBERS}) if asked and "train" in artifacts else Findings()


def _odds(known: Mapping[str, Any]) -> dict[str, Any]:
    """What each finite epsilon means."""
    finite = {part: known[part] for part in ("claimed", "cumulative") if "epsilon" in known.get(part, {})}
    odds = {part: in_odds(of["epsilon"], of["delta"]) for part, of in finite.items()}
    return {"odds": odds} if odds else {}


def _claimed(artifacts: Mapping[str, Artifact]) -> Findings:
    """The mechanism that trained the model, as its stage told."""
    if "train" not in artifacts:
        return Findings(missing={"": _NOT_HERE})
    details = artifacts["train"].manifest.details.get("privacy")
    return Findings(missing={"": _NOT_PRIVATE}) if details is None else Findings(values=dict(details))


def _compared(artifacts: Mapping[str, Artifact]) -> Findings:
    """`cost` and `curve`, where models at other epsilons were trained beside."""
    if PRIVACY_COST not in artifacts:
        return Findings()
    return from_bytes((artifacts[PRIVACY_COST].path / "findings.json").read_bytes())[PRIVACY_COST]
