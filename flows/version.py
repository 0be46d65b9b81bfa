"""One registered version and the artifacts behind it."""

import dataclasses
from pathlib import Path
from typing import Any

from ..platform.exceptions import VerificationError
from ..platform.registry import Registry, Version, parse_reference
from ..platform.store import Artifact, Store
from .final import final_model
from .home import Home


@dataclasses.dataclass(frozen=True)
class RegisteredVersion:
    """A version as a command sees it."""

    record: Version
    store: Store
    registry: Registry

    @property
    def name(self) -> str:
        """The model's name."""
        return self.record.name

    @property
    def number(self) -> int:
        """The version's number."""
        return self.record.number

    def artifact(self, stage: str) -> Artifact:
        """The verified artifact of one stage.

        Raises:
            StoreError: it isn't in the store any more, or its bytes changed.
        """
        return self.store.get(self.record.artifacts[stage])

    def model_path(self) -> Path:
        """Folder of the model, after its bytes were compared with the registry.

        Raises:
            VerificationError: the model in the store isn't the one that was registered.
        """
        model = self.artifact(final_model(self.record.artifacts))
        if model.digest != self.record.digests["model"]:
            raise VerificationError(
                f"the model of {self.name}@{self.number} isn't the one that was registered"
            )
        return model.path

    def report_path(self, form: str) -> Path:
        """Path of the report as `html`, `md` or `json`.

        Raises:
            VerificationError: the report in the store isn't the one that was registered.
        """
        report = self.artifact("report")
        if report.digest != self.record.details["report_digest"]:
            raise VerificationError(
                f"the report of {self.name}@{self.number} isn't the one that was registered"
            )
        return report.path / f"report.{form}"

    def verdict(self) -> dict[str, Any]:
        """The gate's verdict, bound to what the version is made of.

        A verdict whose model or report can't be shown to be what was judged is void: inconclusive.
        """
        verdict = self.registry.verdict_on(self.record)
        if verdict is None:
            return {"status": "inconclusive", "checks": [], "reason": "no verdict is bound to this version"}
        self.model_path()
        self.report_path("json")
        return {"status": verdict.status, "checks": [dict(check) for check in verdict.checks]}


def open_version(home: Home, reference: str) -> RegisteredVersion:
    """The version that `name`, `name@3` or `name@alias` names.

    Raises:
        UsageError: there is none.
    """
    name, which = parse_reference(reference)
    registry = home.registry()
    return RegisteredVersion(registry.version(name, which), home.store(), registry)
