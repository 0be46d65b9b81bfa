"""`federated.grid: deployment` in the chain: Flower's program is a script, its nodes are in this process."""

import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest
from assay.audits.report import schema
from assay.flows.chain import Run, perform
from assay.flows.home import Home
from assay.flows.preflight import preflight
from assay.flows.register import publish
from assay.flows.spec import Spec, parse_spec
from assay.flows.stages import wanted
from assay.flows.verification import verify_version
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.exceptions import AssayError, CombinationError, UsageError
from assay.platform.federated import deployed as training
from assay.platform.federated import deployment, local, superlink
from assay.platform.federated.client_app import client_app, forget
from assay.platform.federated.grids import run_apps
from assay.platform.federated.grids.in_process import in_process
from assay.platform.federated.job import Job, write_model
from assay.platform.federated.partitions import Partition
from assay.platform.federated.server_app import server_app
from assay.platform.federated.sites import write_sites
from assay.platform.predictor.artifact import load_network, read_preprocessor
from flwr.app import Context, RecordDict

#: Flower's program as Assay sees it: `run` says that it started, and lasts until the run is over.
PROGRAM = """#!/bin/sh
if [ "$1" = stop ]; then echo "$2 $3" > "$FLWR_HOME/stopped"; exit 0; fi
if [ -e "$FLWR_HOME/dead" ]; then echo "connection refused"; exit 1; fi
echo "Successfully started run 7"
echo $$ > "$FLWR_HOME/pid"
printf '%s\\n' "$@" > "$FLWR_HOME/asked.part"
mv "$FLWR_HOME/asked.part" "$FLWR_HOME/asked"
while [ ! -e "$FLWR_HOME/over" ]; do sleep 0.05; done
rm "$FLWR_HOME/over"
"""

GRID = {"grid": "deployment", "superlink": "hospitals", "clients": 3, "rounds": 2}


def deployed(loans_spec: Callable[..., dict], **changes: object) -> dict:
    federated = GRID | dict(changes.pop("federated", {}))  # type: ignore[call-overload]
    return loans_spec(federated=federated, **changes)


def nodes_of(spec: Spec, folder: Path) -> Path:
    """Folders of nodes: rows that the spec's data have, which nobody there knows."""
    assert spec.federated is not None
    made, clients = folder / "elsewhere", spec.federated.drawn_clients
    made.mkdir()
    ingest(spec.data, out=made)
    data, draw = Dataset.open(made), np.random.default_rng(3)
    tables = {split: data.table(split) for split in ("train", "validation")}
    owners = {split: draw.integers(0, clients, table.num_rows) for split, table in tables.items()}
    names = tuple(map(str, range(clients)))
    write_sites(data, tables, Partition(names, owners["train"], owners["validation"]), folder / "sites")
    return folder / "sites"


@pytest.fixture(scope="module")
def flower(tmp_path_factory) -> Iterator[SimpleNamespace]:
    """Flower's program and configuration; `lead(sites, clients)` lets runs be led for as long as it lasts."""
    home = tmp_path_factory.mktemp("flower")
    program = home / "bin/flwr"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    (home / "config.toml").write_text('[superlink.hospitals]\naddress = "127.0.0.1:9"\n')

    def answer(sites: Path, clients: int) -> None:
        arguments = (home / "asked").read_text().splitlines()
        (home / "asked").unlink()
        told = dict(part.split("=", 1) for part in arguments[arguments.index("--run-config") + 1].split(" "))
        config = {key: json.loads(value) for key, value in told.items()}
        app = client_app(sites)
        with in_process(app, clients) as grid, contextlib.suppress(AssayError):
            deployment.server(grid, Context(1, 1, {}, RecordDict(), config))
        forget()
        (home / "over").touch()

    @contextlib.contextmanager
    def lead(sites: Path, clients: int) -> Iterator[None]:
        done = threading.Event()

        def serve() -> None:
            while not done.wait(0.02):
                if (home / "asked").exists():
                    answer(sites, clients)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLWR_HOME", str(home))
        patch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        yield SimpleNamespace(home=home, lead=lead)


def performed(spec: Spec, home: Path, *, but: tuple[str, ...] = ()) -> Run:
    preflight(spec)
    run = Run.open(spec, Home(home))
    for stage in wanted(spec):
        if stage.name not in but:
            perform(stage, run)
    return run


@pytest.fixture(scope="module")
def finished(flower, loans_spec, tmp_path_factory) -> SimpleNamespace:
    """A whole chain, whose model came from nodes."""
    folder = tmp_path_factory.mktemp("deployed")
    spec = parse_spec(deployed(loans_spec, federated={"personalize": 1}))
    with flower.lead(nodes_of(spec, folder), 3):
        run = Run.open(spec, Home(folder / "home"))
        run.meter.start()
        for stage in wanted(spec):
            perform(stage, run)
        _, report = publish(run)
        run.meter.close()
    return SimpleNamespace(run=run, report=report, sites=folder / "sites", folder=folder)


def test_the_report_tells_what_nodes_said_and_what_nobody_knows(finished):
    report = finished.report
    jsonschema.validate(report, schema())
    found, missing = report["training"]["federated"], report["missing"]
    assert found["partition"] == {"by": "nodes"}
    assert found["preprocessing"] == "train rows at the server"
    assert [row["client"] for row in found["clients"]] == ["node 0", "node 1", "node 2"]
    counts = {"train": 0, "validation": 0}
    for client, row in enumerate(found["clients"]):
        node = Dataset.open(finished.sites / f"client-{client:06d}")
        for split in counts:
            assert row[split] == node.table(split).num_rows
        assert (row["asked"], row["counted"]) == (2, 2)
        assert {"validation_accuracy", "personalized_accuracy"} <= set(row)
        assert not {"labels", "distance"} & set(row)
    assert "machines of their own" in missing["/training/federated/energy"]
    assert "none of theirs" in missing["/training/federated/test"]
    assert "No attack was made: which rows the model was trained on isn't known" in missing["/privacy"]
    train = next(stage for stage in report["training"]["stages"] if stage["name"] == "train")
    assert train["engine"]["name"] == "flower-deployment"
    assert [entry["epoch"] for entry in train["history"]] == [1, 2]


def test_no_row_that_is_here_counts_as_trained_on(finished):
    labels = json.loads((finished.run.path("train") / "labels.json").read_bytes())
    assert (labels["train"], labels["train_rows"], labels["validation_rows"]) == (0, [], None)


def test_the_model_is_that_of_rounds_in_this_process_on_the_same_rows(finished, tmp_path):
    spec, found = finished.run.spec, []
    job = Job(
        model=spec.model, train=spec.train, federated=spec.federated, clients=3,
        preprocessor=read_preprocessor(finished.run.path("train")),
    )  # fmt: skip
    run_apps("in_process", server_app(job, found.append), client_app(finished.sites), 3)
    forget()
    write_model(job, found[0], tmp_path)
    here, there = (load_network(path)[0].state_dict() for path in (tmp_path, finished.run.path("train")))
    assert all(bool((there[name] == part).all()) for name, part in here.items())


def test_the_version_holds_and_an_unchanged_spec_finds_it_without_a_superlink(finished, flower):
    home = Home(finished.folder / "home")
    assert verify_version(home, "loans").differences == []
    again = performed(finished.run.spec, finished.folder / "home")
    assert again.path("train") == finished.run.path("train")
    assert not (flower.home / "asked").exists()


YES = {
    "federated.secure": {"federated": {"secure": {}}},
    "federated.outliers": {"federated": {"outliers": 0.05}},
    "mitigate.threshold": {
        "mitigate": {"method": "threshold", "over": "gender", "constraint": "demographic_parity", "grid": 1}
    },
    "regression": {"regression": True},
    "several seeds": {"seeds": 2},
}


@pytest.mark.parametrize("changes", YES.values(), ids=YES)
def test_a_yes_of_the_table_runs(changes, flower, loans_spec, tmp_path):
    changes = dict(changes)
    document = deployed(loans_spec, **{key: value for key, value in changes.items() if key != "regression"})
    if "regression" in changes:
        document["data"] = document["data"] | {"target": "debt"}
        document["policy"] = []
    spec = parse_spec(document)
    with flower.lead(nodes_of(spec, tmp_path), 3):
        run = performed(spec, tmp_path / "home", but=("audit", "variation"))
    told = json.loads((run.path("train") / "clients.json").read_bytes())
    assert [row["counted"] for row in told["clients"]] == [2, 2, 2]
    assert ("secure" in told) == ("secure" in document["federated"])
    assert ("outliers" in told) == ("outliers" in document["federated"])
    assert not (run.path("train") / "rounds.json").exists()
    assert (run.path(list(run.outcomes)[-1])).is_dir()


def test_too_few_answers_end_it_with_the_servers_own_words(flower, loans_spec, tmp_path, monkeypatch):
    def dies(*told, **more):
        raise MemoryError("killed")

    spec = parse_spec(deployed(loans_spec))
    sites = nodes_of(spec, tmp_path)
    monkeypatch.setattr(local, "fit", dies)
    with (
        flower.lead(sites, 3),
        pytest.raises(AssayError, match="round 1: 0 of 3 clients answered as they should, 1 are needed"),
    ):
        performed(spec, tmp_path / "home")
    assert Home(tmp_path / "home").registry().models() == []


def test_a_run_that_takes_too_long_is_ended_here_and_at_the_superlink(
    flower, loans_spec, tmp_path, monkeypatch
):
    monkeypatch.setattr(training, "_START", 0.2)
    spec = parse_spec(deployed(loans_spec, federated={"timeout": 0.05}))
    with pytest.raises(AssayError, match=r"isn't over after 0\.5 seconds"):
        performed(spec, tmp_path)
    assert (flower.home / "stopped").read_text() == "7 hospitals\n"
    (flower.home / "asked").unlink()
    with pytest.raises(ProcessLookupError):
        os.kill(int((flower.home / "pid").read_text()), 0)


def test_where_no_superlink_answers_that_is_said(flower, loans_spec, tmp_path):
    (flower.home / "dead").touch()
    try:
        with pytest.raises(UsageError, match="could not start the run") as caught:
            performed(parse_spec(deployed(loans_spec)), tmp_path)
    finally:
        (flower.home / "dead").unlink()
    assert caught.value.exit_code == 2
    assert "connection refused" in str(caught.value)


def test_a_superlink_that_says_nothing_is_given_up(flower, tmp_path, monkeypatch):
    silent = tmp_path / "flwr"
    silent.write_text("#!/bin/sh\nexec sleep 60\n")
    silent.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(superlink, "_START", 0.3)
    begun = time.monotonic()
    with pytest.raises(AssayError, match=r"started nothing in 0\.3 seconds"):
        superlink.run_there("hospitals", {}, log=tmp_path / "log", limit=60.0)
    assert time.monotonic() - begun < 30  # the child was ended, not waited for


def test_a_connection_that_isnt_there_is_named(flower, loans_spec):
    with pytest.raises(UsageError, match="names no running SuperLink") as caught:
        preflight(parse_spec(deployed(loans_spec, federated={"superlink": "hospital"})))
    assert "did you mean 'hospitals'" in str(caught.value)


def test_a_simulation_is_no_superlink(flower, loans_spec, tmp_path, monkeypatch):
    shutil.copy(flower.home / "config.toml", tmp_path)
    with (tmp_path / "config.toml").open("a") as file:
        file.write('[superlink.local]\naddress = ":local:"\n')
    monkeypatch.setenv("FLWR_HOME", str(tmp_path))
    preflight(parse_spec(deployed(loans_spec)))
    with pytest.raises(UsageError, match="names no running SuperLink"):
        preflight(parse_spec(deployed(loans_spec, federated={"superlink": "local"})))


@pytest.mark.parametrize("text", [None, "[superlink", "superlink = 3"])
def test_a_configuration_that_cannot_be_read_is_named(text, flower, loans_spec, tmp_path, monkeypatch):
    if text is not None:
        (tmp_path / "config.toml").write_text(text)
    monkeypatch.setenv("FLWR_HOME", str(tmp_path))
    with pytest.raises(UsageError, match="configuration can't be read"):
        preflight(parse_spec(deployed(loans_spec)))


def test_without_flowers_program_nothing_is_begun(flower, loans_spec, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(superlink.sys, "executable", str(tmp_path / "python"))
    with pytest.raises(UsageError, match="Flower's program isn't there") as caught:
        preflight(parse_spec(deployed(loans_spec)))
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "federated",
    [
        {"grid": "deployment", "clients": 3},
        {"superlink": "hospitals", "clients": 3},
        {"grid": "ray", "superlink": "hospitals", "clients": 3},
        {"grid": "deployment", "superlink": "hospitals"},
    ],
)
def test_grid_superlink_and_clients_belong_together(federated, loans_spec):
    with pytest.raises(CombinationError):
        parse_spec(loans_spec(federated=federated))
