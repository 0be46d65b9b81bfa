"""Both apps on a real SuperLink and two SuperNodes, in processes of their own, with TLS and node keys."""

import contextlib
import datetime
import ipaddress
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.data.preprocess import Preprocessor
from assay.platform.exceptions import CombinationError, SpecError
from assay.platform.federated.client_app import client_app
from assay.platform.federated.config import FederatedConfig
from assay.platform.federated.grids import run_apps
from assay.platform.federated.job import Job, read_job, write_job, write_model
from assay.platform.federated.partitions import Partition
from assay.platform.federated.secure.config import SecureConfig
from assay.platform.federated.server_app import server_app
from assay.platform.federated.sites import site_folder, write_sites
from assay.platform.predictor.artifact import load_network
from assay.platform.training.config import ModelConfig, TrainConfig
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

APP = Path(__file__).resolve().parents[3] / "infra/flower"
PROGRAMS = Path(sys.executable).parent
SECONDS = 480


#: Scaffold by two nodes, and secure sums, which need three.
PLAIN = FederatedConfig(strategy="scaffold", rounds=2, timeout=90.0)
SECRET = FederatedConfig(rounds=1, timeout=300.0, secure=SecureConfig())


def job_of(tabular, federated: FederatedConfig = PLAIN, clients: int = 2, **train) -> Job:
    data = Dataset.open(tabular)
    return Job(
        model=ModelConfig(architecture="mlp", options={"width": 16, "depth": 1, "token_width": 4}),
        train=TrainConfig(**{"optimizer": "sgd", "learning_rate": 0.1, "patience": None} | train),
        federated=federated,
        preprocessor=Preprocessor.fit(data.table("train"), data.schema),
        clients=clients,
    )


def dealt_sites(tabular, folder: Path, clients: int) -> Path:
    data, draw = Dataset.open(tabular), np.random.default_rng(0)
    tables = {split: data.table(split) for split in ("train", "validation")}
    owners = [draw.integers(0, clients, table.num_rows) for table in tables.values()]
    write_sites(data, tables, Partition(tuple("abc"[:clients]), *owners), folder)
    return folder


@pytest.mark.parametrize(("federated", "clients"), [(PLAIN, 2), (SECRET, 3)])
def test_a_job_survives_its_file(tabular, tmp_path, federated, clients):
    told = {"optimizer_options": {"momentum": 0.0}, "schedule": "cosine", "clip": None}
    job = job_of(tabular, federated, clients, **told)
    write_job(job, tmp_path / "job.json")
    assert read_job(tmp_path / "job.json") == job


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"preprocessor": {}}'])
def test_a_file_that_is_no_job_is_refused(tmp_path, text):
    (tmp_path / "job.json").write_text(text)
    with pytest.raises(SpecError, match="is no job of a federated training"):
        read_job(tmp_path / "job.json")


def test_a_job_that_cannot_be_done_is_not_written(tabular, tmp_path):
    with pytest.raises(CombinationError, match="plain SGD"):
        write_job(job_of(tabular, optimizer="adamw"), tmp_path / "job.json")
    assert not (tmp_path / "job.json").exists()


def certificates(folder: Path) -> None:
    """An authority, and a certificate of this machine's loopback by it."""
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    names = {part: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, part)]) for part in ("ca", "server")}
    keys = {part: ec.generate_private_key(ec.SECP256R1()) for part in names}
    for part, name in names.items():
        draft = x509.CertificateBuilder().subject_name(name).issuer_name(names["ca"])
        draft = draft.public_key(keys[part].public_key()).serial_number(x509.random_serial_number())
        draft = draft.not_valid_before(now - day).not_valid_after(now + day)
        draft = draft.add_extension(x509.BasicConstraints(ca=part == "ca", path_length=None), critical=True)
        loopback = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        draft = draft.add_extension(x509.SubjectAlternativeName(loopback), critical=False)
        made = draft.sign(keys["ca"], hashes.SHA256())
        (folder / f"{part}.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        private = keys[part].private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        (folder / f"{part}.key").write_bytes(private)


def node_keys(folder: Path, name: str) -> None:
    """A node's key pair, in the form of SSH."""
    key = ec.generate_private_key(ec.SECP384R1())
    form, nothing = serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    (folder / name).write_bytes(key.private_bytes(serialization.Encoding.PEM, form, nothing))
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    (folder / f"{name}.pub").write_bytes(public)


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in servers]


@contextlib.contextmanager
def started(*command: object, log: Path, environment: dict[str, str]):
    """A process for as long as the block lasts, ended by its own id."""
    with log.open("w") as out:
        process = subprocess.Popen(
            [str(part) for part in command], stdout=out, stderr=subprocess.STDOUT, env=environment,
            cwd=log.parent,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()


def wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.2)


@contextlib.contextmanager
def superlink(folder: Path, sites: Path, clients: int):
    """A SuperLink and a SuperNode for each client; gives a function that runs a job there."""
    flower = folder / "flower"
    flower.mkdir()
    certificates(flower)
    link, *ports = free_ports(1 + clients)
    (flower / "config.toml").write_text(
        f'[superlink]\ndefault = "tls"\n[superlink.tls]\naddress = "127.0.0.1:{link}"\n'
        f'root-certificates = "{flower / "ca.crt"}"\n'
    )
    environment = os.environ | {
        "FLWR_HOME": str(flower), "FLWR_TELEMETRY_ENABLED": "0", "FLWR_DISABLE_UPDATE_CHECK": "1",
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    tell = {"capture_output": True, "text": True, "env": environment, "cwd": folder, "timeout": SECONDS}
    with contextlib.ExitStack() as stack:
        serving = stack.enter_context(
            started(
                PROGRAMS / "flower-superlink", "--host", "127.0.0.1", "--port", link,
                "--disable-runtime-dependency-installation", "--ssl-ca-certfile", flower / "ca.crt",
                "--ssl-certfile", flower / "server.crt", "--ssl-keyfile", flower / "server.key",
                "--enable-supernode-auth", log=folder / "link.log", environment=environment,
            )
        )  # fmt: skip
        wait_for(link, serving, folder / "link.log")
        for number, port in enumerate(ports):
            node_keys(flower, f"node{number}")
            registered = subprocess.run(
                [PROGRAMS / "flwr", "supernode", "register", flower / f"node{number}.pub", "tls"], **tell
            )
            assert registered.returncode == 0, registered.stdout + registered.stderr
            rows = f"partition-id={number} data='{site_folder(sites, number)}'"
            stack.enter_context(
                started(
                    PROGRAMS / "flower-supernode", "--superlink", f"127.0.0.1:{link}", "--port", port,
                    "--root-certificates", flower / "ca.crt", "--node-config", rows,
                    "--auth-supernode-private-key", flower / f"node{number}",
                    log=folder / f"node{number}.log", environment=environment,
                )
            )  # fmt: skip

        def run(job: Path, out: Path) -> None:
            told = f"job='{job}' out='{out}'"
            done = subprocess.run(
                [PROGRAMS / "flwr", "run", APP, "tls", "--stream", "--run-config", told], **tell
            )
            logs = "\n".join(path.read_text() for path in sorted(folder.glob("*.log")))
            assert (out / "rounds.json").exists(), done.stdout + done.stderr + logs

        yield run


@pytest.mark.slow
@pytest.mark.parametrize(("federated", "clients"), [(PLAIN, 2), (SECRET, 3)], ids=["scaffold", "secure"])
def test_a_superlink_with_supernodes_gives_the_weights_of_the_in_process_grid(
    tabular, tmp_path, federated, clients
):
    job, sites = job_of(tabular, federated, clients), dealt_sites(tabular, tmp_path / "sites", clients)
    write_job(job, tmp_path / "job.json")
    with superlink(tmp_path, sites, clients) as run:
        run(tmp_path / "job.json", tmp_path / "there")
    found = []
    run_apps("in_process", server_app(job, found.append), client_app(sites), clients)
    (tmp_path / "here").mkdir()
    write_model(job, found[0], tmp_path / "here")
    here, there = (load_network(tmp_path / name)[0].state_dict() for name in ("here", "there"))
    assert max(float((part - there[name]).abs().max()) for name, part in here.items()) <= 1e-6
    rounds = json.loads((tmp_path / "there/rounds.json").read_text())
    assert rounds["counted"] == {str(client): federated.rounds for client in range(clients)}
    assert rounds["faults"] == []
    assert ("secure" in rounds) == (federated.secure is not None)


@pytest.mark.slow
def test_assay_run_has_nodes_train_and_registers_what_came_of_it(tmp_path, monkeypatch):
    draw = np.random.default_rng(0)
    x, z = draw.normal(size=(2, 600))
    rows = zip(x, z, draw.random(600) < 1 / (1 + np.exp(-2 * x)), strict=True)
    source = tmp_path / "rows.csv"
    source.write_text("x,z,y\n" + "".join(f"{x:.4f},{z:.4f},{'yes' if y else 'no'}\n" for x, z, y in rows))
    (tmp_path / "data").mkdir()
    ingest(DataConfig(source=f"csv:{source}", target="y"), out=tmp_path / "data")
    spec = {
        "name": "nodes",
        "data": {"source": f"csv:{source}", "target": "y"},
        "model": {"architecture": "mlp", "options": {"width": 16, "depth": 1}},
        "federated": {"grid": "deployment", "superlink": "tls", "clients": 2, "rounds": 2, "timeout": 90},
        "audit": {"explain": {"rows": 64}, "fairness": {"replicates": 100}},
    }
    (tmp_path / "spec.yaml").write_text(json.dumps(spec))  # JSON is YAML, too
    monkeypatch.setenv("FLWR_HOME", str(tmp_path / "flower"))
    command = [PROGRAMS / "assay", "run", tmp_path / "spec.yaml", "--home", tmp_path / "home"]
    with superlink(tmp_path, dealt_sites(tmp_path / "data", tmp_path / "sites", 2), 2):
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=SECONDS)
        logs = "\n".join(path.read_text() for path in sorted(tmp_path.glob("*.log")))
    assert done.returncode == 0, done.stdout + done.stderr + logs
    (report,) = (tmp_path / "home/models/nodes").glob("*/report.json")
    found = json.loads(report.read_bytes())["training"]["federated"]
    assert [(row["client"], row["counted"]) for row in found["clients"]] == [("node 0", 2), ("node 1", 2)]
    assert (
        sum(row["train"] for row in found["clients"])
        == Dataset.open(tmp_path / "data").table("train").num_rows
    )
