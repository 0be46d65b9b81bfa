"""What a run ends with: the version, its verdict, where its report lies, what each stage took."""

import dataclasses
from pathlib import Path
from typing import Any

#: Exit codes of `assay gate` and `assay run --gate`.
GATE_EXIT_CODES = {"pass": 0, "waived": 0, "fail": 3, "inconclusive": 4}


@dataclasses.dataclass(frozen=True, kw_only=True)
class StageResult:
    """One stage. `seconds` and `kwh` are what its artifact took when it was made, now or earlier."""

    name: str
    seconds: float
    cached: bool
    kwh: float | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunResult:
    """One finished run."""

    model: str
    version: int
    path: Path
    """Folder of the model artifact."""
    gate: str
    """pass, fail or inconclusive."""
    report: dict[str, Path]
    """html, md and json, under the home's readable names."""
    stages: tuple[StageResult, ...]

    @property
    def gate_exit_code(self) -> int:
        """What `--gate` exits with."""
        return GATE_EXIT_CODES[self.gate]

    def to_json(self) -> dict[str, Any]:
        """The object that `assay run --json` prints."""
        return {
            "model": self.model,
            "version": self.version,
            "path": str(self.path),
            "gate": self.gate,
            "report": {form: str(path) for form, path in self.report.items()},
            "stages": [dataclasses.asdict(stage) for stage in self.stages],
        }
