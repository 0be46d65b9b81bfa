"""What the registry holds, as plain records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from ..store.digest import digest_of_json
from ..store.name import check_name


def now() -> str:
    """UTC time, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, kw_only=True)
class Version:
    """One immutable numbered version of a model."""

    name: str
    number: int
    digests: Mapping[str, str]
    """What the version is, by part: spec, model, audit, policy. They decide its identity."""
    artifacts: Mapping[str, str] = field(default_factory=dict)
    """Store key of each artifact behind it, by kind."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What a listing shows, as JSON."""
    created: str = field(default_factory=now)
    """UTC time, ISO 8601."""

    @property
    def identity(self) -> str:
        """One hash of all parts: equal parts are the same version."""
        return identity_of(self.digests)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a policy said of one version, bound to what that version was made of."""

    name: str
    number: int
    identity: str
    """Identity of the version that was judged; the verdict says nothing of any other."""
    status: Literal["pass", "fail", "inconclusive"]
    checks: Sequence[Mapping[str, Any]] = ()
    """Each check with its value and limit, as JSON."""
    created: str = field(default_factory=now)
    """UTC time, ISO 8601."""


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """A person's word that one check of one version may stay as it is, until a day. Not signed."""

    name: str
    number: int
    identity: str
    """Identity of the version that it was given for; it says nothing of any other."""
    check: Mapping[str, Any]
    """The check that is waived, as the policy asks it."""
    person: str
    """Who answers for it."""
    reason: str
    until: str
    """Last day on which it counts, ISO 8601."""
    created: str = field(default_factory=now)
    """UTC time, ISO 8601."""
    id: int | None = None
    """Given by the registry."""

    def counts(self, today: str) -> bool:
        """Whether its last day isn't over."""
        return today <= self.until


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One line of a listing: a model's newest version."""

    latest: Version
    verdict: Verdict | None
    aliases: Mapping[str, int]


def identity_of(digests: Mapping[str, str]) -> str:
    """Identity of a version made of these parts: 64 hexadecimal digits."""
    return digest_of_json(digests)


def parse_reference(reference: str) -> tuple[str, str | None]:
    """Split `name`, `name@3` or `name@production` into the name and what follows the @.

    Raises:
        SpecError: either part can't be a name.
    """
    name, at, which = reference.partition("@")
    return check_name(name, "model name"), check_name(which, "version or alias") if at else None
