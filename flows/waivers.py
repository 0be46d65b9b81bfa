"""Waivers of a version's open checks: giving one, and showing those in force in the version's files.

The report that the store keeps is never changed: it is what was registered. The files under the version's
readable folder are its renderings with the waivers that count today, or plain links where there are none.
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ..audits.policy import evaluate
from ..platform.exceptions import ModelError, SpecError, UsageError, nearest
from ..platform.registry import Waiver, today
from ..platform.registry.waivers import asked
from .report_stage import REPORT_FILES, render
from .spec import parse_spec
from .version import RegisteredVersion

#: A waiver that nobody has to look at again is no waiver.
_LONGEST_DAYS = 731

_LONGEST_WORDS = 2000


def give(
    version: RegisteredVersion, *, checks: Sequence[str], all_: bool, person: str, reason: str, until: str
) -> list[Waiver]:
    """Waive open checks of a version.

    Args:
        version: the version.
        checks: `METRIC[:over[:group]]` of each; columns of an intersection joined by commas.
        all_: every check that didn't pass.
        person: who answers for it.
        reason: why.
        until: the last day, YYYY-MM-DD.

    Raises:
        UsageError: no such open check, no name or reason, or a day that is no day, over, or too far away.
    """
    _check_words(person, reason)
    last = _last_day(until)
    verdict = version.verdict()
    still = {}
    for check in verdict["checks"]:
        if check["status"] != "pass":
            still.setdefault(check_key(check), []).append(asked(check))
    if not still:
        raise ModelError(
            f"{version.name}@{version.number} has no check to waive", got=f"gate: {verdict['status']}"
        )
    given = [
        Waiver(
            name=version.name, number=version.number, identity=version.record.identity,
            check=check, person=person.strip(), reason=reason.strip(), until=last,
        )
        for key in (still if all_ else checks)
        for check in _named(key, still)
    ]  # fmt: skip
    for waiver in given:
        version.registry.waivers.give(waiver)
    return given


def waivers_in_force(version: RegisteredVersion) -> list[Waiver]:
    """Waivers of a version that count today."""
    return [waiver for waiver in version.registry.waivers.of(version.record) if waiver.counts(today())]


def gate_of(version: RegisteredVersion) -> dict[str, Any]:
    """The verdict with today's waivers: status `waived` where each check that didn't pass has one.

    A waived check keeps its own status and says until when it is waived; `verdict` is the evidence's.
    """
    verdict, in_force = version.verdict(), waivers_in_force(version)
    found = {**verdict, "verdict": verdict["status"], "checks": []}
    for check in verdict["checks"]:
        held = [in_report(waiver) for waiver in in_force if waiver.check == asked(check)]
        waived = {"waived": held[-1]} if held and check["status"] != "pass" else {}
        found["checks"].append({**check, **waived})
    still = [check for check in found["checks"] if check["status"] != "pass" and "waived" not in check]
    if verdict["status"] != "pass" and found["checks"] and not still:
        found["status"] = "waived"
    return found


def check_key(check: Mapping[str, Any]) -> str:
    """What a person calls a check: `METRIC[:over[:group]]`."""
    over = check.get("over") or []
    columns = over if isinstance(over, str) else ",".join(over)
    return ":".join(part for part in (check["metric"], columns, check.get("group")) if part)


def in_report(waiver: Waiver) -> dict[str, Any]:
    """A waiver as it stands in report.json under `policy.waivers`."""
    facts = {"check": dict(waiver.check), "name": waiver.person, "reason": waiver.reason}
    facts |= {"until": waiver.until, "created": waiver.created, "signed": False}
    return facts if waiver.id is None else {"id": waiver.id, **facts}


def shown(version: RegisteredVersion, folder: Path) -> dict[str, Path]:
    """The version's report as it has to be shown today, by form.

    Args:
        version: the version.
        folder: its readable folder; renderings with waivers are written there, and taken away with them.

    Returns:
        Paths of html, md and json: in the folder where a waiver is in force, else in the store.
    """
    stored = {form: version.report_path(form) for form in REPORT_FILES}
    in_force = waivers_in_force(version)
    if not in_force:
        for form, path in stored.items():
            if (folder / REPORT_FILES[form]).exists() and not (folder / REPORT_FILES[form]).is_symlink():
                _replace(folder / REPORT_FILES[form], link=path)
        return stored
    folder.mkdir(parents=True, exist_ok=True)
    report = waived_report(stored["json"].parent, in_force)
    for form, content in render(report, stored["json"].parent).items():
        _replace(folder / REPORT_FILES[form], content=content)
    return {form: folder / name for form, name in REPORT_FILES.items()}


def waived_report(stored: Path, in_force: Sequence[Waiver]) -> dict[str, Any]:
    """A stored report with waivers on it."""
    from ..audits.report import with_policy

    report = json.loads((stored / REPORT_FILES["json"]).read_bytes())
    policy = parse_spec(json.loads((stored / "spec.json").read_bytes())).policy
    return with_policy(report, evaluate(policy, report), [in_report(waiver) for waiver in in_force])


def _named(key: str, still: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    if key not in still:
        raise UsageError(
            "no open check is called so", got=key, expected="METRIC[:over[:group]]", mend=nearest(key, still)
        )
    return still[key]


def _check_words(person: str, reason: str) -> None:
    for option, text in (("--name", person.strip()), ("--reason", reason.strip())):
        if not 0 < len(text) <= _LONGEST_WORDS:
            raise SpecError(
                f"a waiver needs {option}",
                got=f"{len(text):,} letters",
                expected=f"words for a reader, at most {_LONGEST_WORDS:,} letters",
            )


def _last_day(until: str) -> str:
    try:
        last = date.fromisoformat(until)
    except ValueError:
        raise SpecError("--until is no day", got=until, expected="YYYY-MM-DD") from None
    days = (last - date.fromisoformat(today())).days
    if not 0 <= days <= _LONGEST_DAYS:
        raise SpecError(
            "--until is over, or too far away", got=until, expected="today, or a day in the next two years"
        )
    return last.isoformat()


def _replace(place: Path, *, content: bytes | None = None, link: Path | None = None) -> None:
    """Put bytes or a relative link where something else may be, in one step."""
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    if content is not None:
        draft.write_bytes(content)
    else:
        assert link is not None
        draft.symlink_to(os.path.relpath(link, place.parent))
    draft.replace(place)
