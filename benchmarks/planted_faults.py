"""T4: faults that are planted in real runs, and what caught each.

Every fault goes through `assay` as a person would meet it: a CSV is spoilt and run to a gate, or a finished
version is tampered with and verified. The same rows without a fault pass the same gate and verify clean. The
home is made afresh; the models are small, because what is tested is who notices.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from assay.flows.environment import QUIET
from assay.flows.home import Home
from assay.flows.prefect_server import PrefectServer
from assay.flows.result import RunResult
from assay.flows.run import run_spec
from assay.flows.spec import parse_spec
from assay.flows.verification import verify_version
from assay.flows.version import open_version
from assay.platform.data.dataset import Dataset
from assay.platform.store import canonical_json, tree_digest
from record import write

SEED = 0
ROWS = 4000
POLICY = (
    {"metric": "accuracy", "min": 0.6},
    {"metric": "accuracy", "over": "gender", "min": 0.6},
    {"metric": "accuracy_difference", "over": "gender", "max": 0.15},
    {"metric": "label_leak", "max": 0.8},
    {"metric": "copied_rows", "max": 0.0},
    {"metric": "crossing_rows", "max": 0.0},
    {"metric": "absent_groups", "max": 0.0},
)
Frame = pd.DataFrame


def people() -> Frame:
    """Decisions on loans that two columns explain well; nothing repeats."""
    rng = np.random.default_rng(SEED)
    income, debt = rng.normal(50, 15, ROWS), rng.exponential(10, ROWS)
    logit = 0.2 * (income - 50) - 0.2 * (debt - 10)
    return pd.DataFrame(
        {
            "income": income.round(3),
            "debt": debt.round(3),
            "region": rng.choice(["north", "south", "east"], ROWS),
            "gender": rng.choice(["f", "m"], ROWS, p=[0.25, 0.75]),
            "granted": np.where(rng.random(ROWS) < 1 / (1 + np.exp(-logit)), "yes", "no"),
        }
    )


def leaked(frame: Frame) -> Frame:
    """A column that was written after the decision, wrong in one row of a hundred."""
    wrong = np.random.default_rng(1).random(len(frame)) < 0.01
    return frame.assign(outcome_code=np.where((frame.granted == "yes") ^ wrong, "A7", "B2"))


def flipped(frame: Frame) -> Frame:
    """The labels of one group, the other way round."""
    other = frame.granted.map({"yes": "no", "no": "yes"})
    return frame.assign(granted=frame.granted.where(frame.gender != "f", other))


def copied(frame: Frame) -> Frame:
    """Three hundred rows that stand twice: some fall to train, their twins to test."""
    return pd.concat([frame, frame.sample(300, random_state=SEED)])


def repeated(frame: Frame) -> Frame:
    """Persons with several rows each, which nobody told `data.split.by` of."""
    return frame.assign(person_id=np.random.default_rng(2).integers(0, len(frame) // 4, len(frame)))


def without(frame: Frame, train: np.ndarray) -> Frame:
    """A third gender, all of whose rows are dealt to train."""
    lost = frame.copy()
    lost.loc[train[:60], "gender"] = "x"
    return lost


class World:
    """One home, one folder of CSVs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"

    def run(self, name: str, frame: Frame) -> RunResult:
        path = self.folder / f"{name}.csv"
        frame.to_csv(path, index=False)
        return run_spec(parse_spec(self.spec(name, path)), home=self.home)

    def spec(self, name: str, path: Path) -> dict[str, Any]:
        return {
            "name": name,
            "data": {"source": f"csv:{path}", "target": "granted", "sensitive": ["gender"]},
            "model": {"architecture": "mlp", "width": 32, "depth": 1},
            "train": {"epochs": 4, "batch_size": 64},
            "audit": {
                "explain": {"methods": [], "rows": 16, "examples": 1},
                "robustness": {"tests": []},
                "fairness": {"replicates": 50},
                "slices": {"permutations": 100},
            },
            "policy": list(POLICY),
        }


def gated(result: RunResult) -> dict[str, str]:
    """What the gate said, and which checks said it."""
    report = json.loads(result.report["json"].read_bytes())
    checks = [c for c in report["policy"]["checks"] if c["status"] != "pass"]
    named = [f"{c['metric']}{' by ' + str(c['over']) if 'over' in c else ''}: {c['reason']}" for c in checks]
    found = [
        " and ".join(f"{column} {label}" for column, label in one["slice"].items())
        for one in report["slices"]["statistics"]["error"]["found"]
    ]
    named += [f"worst slice: {found[0]}"] if found else []
    return {"outcome": f"gate {result.gate}", "caught by": "; ".join(named)}


def forge(folder: Path) -> None:
    """Make a manifest fit its changed files, as somebody who knows the format would."""
    import hashlib

    manifest = json.loads((folder / "manifest.json").read_bytes())
    for name in manifest["files"]:
        content = (folder / name).read_bytes()
        manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    manifest["digest"] = tree_digest({name: entry["sha256"] for name, entry in manifest["files"].items()})
    (folder / "manifest.json").write_bytes(canonical_json(manifest))


def swap_weights(home: Home) -> None:
    """Other weights in the registered model, digests made to fit."""
    model, other = (open_version(home, name).artifact("calibrate").path for name in ("honest", "leaked"))
    (model / "weights" / "model.safetensors").unlink()
    shutil.copy(other / "weights" / "model.safetensors", model / "weights" / "model.safetensors")
    forge(model)


def edit_number(home: Home) -> None:
    """A better accuracy in report.json, digests made to fit."""
    folder = open_version(home, "honest").artifact("report").path
    report = json.loads((folder / "report.json").read_bytes())
    report["performance"]["metrics"]["accuracy"]["value"] = 0.999
    (folder / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    forge(folder)


def stale_cache(home: Home) -> None:
    """Under the key of one run's training, the artifact of another's."""
    train, other = (open_version(home, name).artifact("train").path for name in ("honest", "flipped"))
    shutil.rmtree(train)
    shutil.copytree(other, train)


def tampered(world: World, spoil: Callable[[Home], None]) -> dict[str, str]:
    """What `assay verify` says of a copy of the home after somebody was at it."""
    copy = world.folder / f"home_{spoil.__name__}"
    shutil.copytree(world.home, copy, symlinks=True)
    spoil(Home(copy))
    found = verify_version(Home(copy), "honest")
    outcome = "verify fails" if found.differences else "verify is satisfied"
    return {"outcome": outcome, "caught by": "; ".join(found.differences[:2])}


def changed_source(world: World, honest: RunResult) -> dict[str, str]:
    """The same spec after one cell of its file changed: nothing old is used."""
    frame = people()
    frame.loc[0, "income"] += 1.0
    again = world.run("honest", frame)
    cached = [stage.name for stage in again.stages if stage.cached]
    fresh = again.version != honest.version and not cached
    return {
        "outcome": "made anew" if fresh else "stale",
        "caught by": f"the file's digest in the key: version {again.version}, no stage from the cache"
        if fresh
        else f"from the cache: {', '.join(cached)}",
    }


def measured(world: World) -> list[Mapping[str, str]]:
    """All faults, and the same without one."""
    frame = people()
    honest = world.run("honest", frame)
    clean = verify_version(Home(world.home), "honest")
    rows: list[Mapping[str, str]] = [
        {"fault": "none", **gated(honest)},
        {"fault": "none", "outcome": "verify fails" if clean.differences else "verify is satisfied"},
    ]
    dataset = Dataset.open(open_version(Home(world.home), "honest").artifact("ingest").path)
    spoilt = {
        "a label leak": ("leaked", leaked(frame)),
        "a flipped group's labels": ("flipped", flipped(frame)),
        "rows copied into test": ("copied", copied(frame)),
        "persons across splits": ("repeated", repeated(frame)),
        "a missing group": ("without", without(frame, dataset.table("train")["__row__"].to_numpy())),
    }
    rows += [{"fault": fault, **gated(world.run(name, held))} for fault, (name, held) in spoilt.items()]
    rows += [
        {"fault": "swapped weights", **tampered(world, swap_weights)},
        {"fault": "an edited number in report.json", **tampered(world, edit_number)},
        {"fault": "a stale cache: another run's artifact under the key", **tampered(world, stale_cache)},
        {"fault": "a stale cache: the source changed", **changed_source(world, honest)},
    ]
    return rows


def main() -> None:
    """Plant, run, print, write; fails if a fault goes by or an honest run is accused."""
    os.environ.update(QUIET)
    with tempfile.TemporaryDirectory() as folder:
        server = PrefectServer(Path(folder) / "prefect")
        os.environ["PREFECT_API_URL"] = server.url
        try:
            server.wait()
            rows = measured(World(Path(folder)))
        finally:
            server.close()
    write("planted_faults", rows, seed=SEED)
    good = {"gate pass", "verify is satisfied"}
    wrong = [row for row in rows if (row["outcome"] in good) != (row["fault"] == "none")]
    wrong += [row for row in rows if row["outcome"] == "stale"]
    assert not wrong, wrong


if __name__ == "__main__":
    main()
