"""Secure sums in the chain: from a CSV to a registered version whose report tells what the server saw."""

import json

import jsonschema
import pytest
from assay.audits.report import schema
from assay.flows.home import Home
from assay.flows.run import run_spec
from assay.flows.spec import parse_spec
from assay.flows.verification import verify_version
from assay.platform.exceptions import AssayError, CombinationError
from assay.platform.federated.secure import exchange

FEDERATED = {"clients": 4, "rounds": 2, "secure": {"clip": 2.0}}


@pytest.fixture(scope="module")
def secret(prefect_api, loans_spec, tmp_path_factory):
    """A home with one finished run."""
    home = tmp_path_factory.mktemp("home")
    return home, run_spec(parse_spec(loans_spec(federated=FEDERATED)), home=home)


def test_the_report_tells_what_sums_took_and_what_nobody_was_told(secret):
    report = json.loads(secret[1].report["json"].read_bytes())
    jsonschema.validate(report, schema())
    found = report["training"]["federated"]
    told = found["secure"]
    assert told["bound"] == pytest.approx(4.0 / (2**24 - 1))
    assert (told["least"], told["neighbours"], told["threshold"]) == (4, 3, 2)
    assert told["seconds"] > 0
    assert told["bytes"] > 2 * 4 * 7 * report["model"]["parameters"]
    assert not any("validation_accuracy" in row or "validation_loss" in row for row in found["clients"])
    assert "summed in secret" in report["missing"]["/training/federated/worse"]
    assert "summed in secret" in report["missing"]["/training/federated/energy"]
    shown = secret[1].report["md"].read_text()
    assert "The server saw sums of 4 clients or more alone" in shown
    train = next(stage for stage in report["training"]["stages"] if stage["name"] == "train")
    assert all("validation_accuracy" in entry for entry in train["history"])


def test_the_version_holds_against_its_evidence_and_a_rerun_is_the_same(secret, loans_spec, tmp_path):
    assert verify_version(Home(secret[0]), "loans").differences == []
    again = run_spec(parse_spec(loans_spec(federated=FEDERATED)), home=tmp_path)
    digests = [json.loads(run.report["json"].read_bytes())["model"]["digest"] for run in (secret[1], again)]
    assert digests[0] == digests[1]


def test_too_few_left_to_unmask_end_the_run_and_nothing_is_registered(
    prefect_api, loans_spec, tmp_path, monkeypatch
):
    monkeypatch.setattr(exchange, "LEAST", 5)
    with pytest.raises(AssayError, match="round 1: 4 clients are left for a secure sum, 5 are needed"):
        run_spec(parse_spec(loans_spec(federated=FEDERATED)), home=tmp_path)
    assert Home(tmp_path).registry().models() == []


def test_so_few_clients_are_refused_before_anything_is_trained(prefect_api, loans_spec, tmp_path):
    spec = parse_spec(loans_spec(federated=FEDERATED | {"clients": 2}))
    with pytest.raises(CombinationError, match="so few clients can't be summed in secret") as caught:
        run_spec(spec, home=tmp_path)
    assert caught.value.exit_code == 2
