"""The chain: which stage comes after which, what each one's cache key is made of, and how one is performed.

    ingest → [pretrain] → train → calibrate → [mitigate] → audit → report → register

Nothing here knows of Prefect. `pipeline.py` wraps `perform` in tasks; `run.py` asks `find` first, and when
every stage is a hit neither Prefect nor torch is imported.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..platform.metering import EnergyMeter
from ..platform.store import Artifact, Store, cache_key, code_version, library_versions
from .home import Home
from .progress import Display, Lines
from .spec import Spec


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One stage of one run: its artifact, and whether it was made now or found."""

    artifact: Artifact
    cached: bool

    @property
    def seconds(self) -> float:
        """Seconds that the artifact took when it was made."""
        return self.artifact.manifest.seconds

    @property
    def kwh(self) -> float | None:
        """Energy that the artifact took when it was made; None where the meter couldn't be read."""
        return self.artifact.manifest.energy.get("kwh")


@dataclasses.dataclass(kw_only=True)
class Run:
    """One run of one spec: where it keeps things, what it has made so far, and whom it tells."""

    spec: Spec
    home: Home
    store: Store
    meter: EnergyMeter = dataclasses.field(default_factory=EnergyMeter)
    display: Display = dataclasses.field(default_factory=Lines)
    ray_address: str | None = None
    outcomes: dict[str, Outcome] = dataclasses.field(default_factory=dict)

    @classmethod
    def open(cls, spec: Spec, home: Home, **options: Any) -> "Run":
        """A run in a home; the store is made when it isn't there."""
        return cls(spec=spec, home=home, store=home.store(), **options)

    def path(self, stage: str) -> Path:
        """Folder of the artifact that an earlier stage made."""
        return self.outcomes[stage].artifact.path

    def digest(self, stage: str, *files: str) -> str:
        """Digest of an earlier stage's artifact, or of some of its files."""
        artifact = self.outcomes[stage].artifact
        return artifact.digest_of(*files) if files else artifact.digest


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stage:
    """One step of the chain, and everything that decides whether its artifact can be used again."""

    name: str
    kind: str
    """What the artifact is called in manifests."""
    inputs: Callable[[Run], Mapping[str, str]]
    """Digests of what the stage reads, by role."""
    section: Callable[[Run], Any]
    """The part of the spec that the stage depends on."""
    code: tuple[str, ...]
    """Rooms whose source is part of the key."""
    libraries: tuple[str, ...]
    """Libraries whose version is part of the key."""
    work: Callable[[Run, Path, Path], Mapping[str, Any]]
    """The room's function: (run, folder to fill, scratch folder) to details for the manifest."""
    wanted: Callable[[Spec], bool] = lambda spec: True

    def key(self, run: Run) -> str:
        """Cache key of this stage in this run; the stages before it have to be done."""
        return cache_key(
            kind=self.kind,
            inputs=self.inputs(run),
            section=self.section(run),
            code=code_version(self.code),
            libraries=library_versions(self.libraries),
        )


def find(stage: Stage, run: Run) -> bool:
    """Take a stage's artifact from the store if a verified one is there; True if it was."""
    if stage.name in run.outcomes:
        return True
    artifact = run.store.lookup(stage.key(run))
    if artifact is None:
        return False
    # Of a process that died right after it published: a private run's checkpoint holds the key of its noise.
    run.store.clear_scratch(artifact.key)
    run.outcomes[stage.name] = Outcome(artifact, cached=True)
    run.display.finished(stage.name, "unchanged")
    return True


def perform(stage: Stage, run: Run) -> Outcome:
    """Find a stage's artifact or make it: metered, published in one step, resumable by its scratch folder."""
    if find(stage, run):
        return run.outcomes[stage.name]
    run.display.started(stage.name)
    key, started = stage.key(run), time.perf_counter()
    with run.store.publish(
        key,
        kind=stage.kind,
        inputs=stage.inputs(run),
        section=stage.section(run),
        code=code_version(stage.code),
        libraries=library_versions(stage.libraries),
    ) as draft:
        with run.meter.measure(stage.name) as reading:
            draft.details.update(stage.work(run, draft.path, run.store.scratch(key)))
        draft.reading = reading.to_json()
    run.outcomes[stage.name] = Outcome(draft.artifact, cached=False)
    run.display.finished(stage.name, f"{time.perf_counter() - started:.1f} s")
    return run.outcomes[stage.name]
