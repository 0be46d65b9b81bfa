"""What training costs the data's privacy, from the spec to the ledger to the report, and what is refused."""

import json
import sqlite3

import pandas as pd
import pytest
from assay.flows.cli import app
from assay.flows.home import Home
from assay.flows.run import run_spec
from assay.flows.spec import parse_spec
from assay.flows.verification import verify_version
from assay.platform.exceptions import BudgetError, DataError
from assay.platform.privacy.accountant import SubsampledGaussian, epsilon_of
from assay.platform.privacy.ledger.events import NonPrivate
from typer.testing import CliRunner

BOOK = {
    "numbers": {"income": [0, 25, 50, 75, 100], "debt": [0, 5, 10, 20, 60]},
    "categories": {"region": ["north", "south", "east"]},
}
PRIVACY = {"epsilon": 2.0, "delta": 1e-4, "accountant": "rdp"}


@pytest.fixture(scope="module")
def private_spec(loans_spec):
    """The loans with a budget of epsilon 2; further changes on top."""

    def spec(**changes):
        document = loans_spec(**{"privacy": PRIVACY, **changes})
        return document | {"data": document["data"] | {"codebook": BOOK}}

    return spec


@pytest.fixture(scope="module")
def home(prefect_api, private_spec, tmp_path_factory):
    """A home with one private version."""
    root = tmp_path_factory.mktemp("private")
    run_spec(parse_spec(private_spec()), home=root)
    return Home(root)


def dataset_of(home: Home) -> str:
    return home.ledger().datasets()[0][1]


def report_of(home: Home, number: int) -> dict:
    return json.loads((home.version_folder("loans", number) / "report.json").read_bytes())


def test_a_private_run_is_reserved_begun_and_settled_and_gets_its_versions_name(home):
    (reservation,) = home.ledger().reservations()
    assert (reservation.stage, reservation.version, reservation.attempt) == ("settled", "loans@1", 1)
    assert reservation.ran == reservation.event


def test_the_report_tells_the_claim_and_what_the_ledger_holds(home):
    privacy = report_of(home, 1)["privacy"]
    claimed, cumulative = privacy["claimed"], privacy["cumulative"]
    assert claimed["epsilon_asked"] == 2.0
    assert claimed["secret_noise"] is True
    ran = SubsampledGaussian(
        noise_multiplier=claimed["noise_multiplier"],
        sample_rate=claimed["sample_rate"],
        steps=claimed["steps"],
    )
    assert claimed["epsilon"] == pytest.approx(epsilon_of([ran], delta=1e-4, accountant="rdp"), rel=1e-6)
    assert claimed["epsilon"] <= 2.0
    assert cumulative["epsilon"] == pytest.approx(claimed["epsilon"], rel=0.01)  # Opacus's orders are others
    assert [(run["version"], run["mine"]) for run in cumulative["runs"]] == [("loans@1", True)]


def test_preprocessing_from_a_codebook_looks_at_no_row(home):
    manifest = home.store().manifest(home.registry().version("loans", 1).artifacts["train"])
    assert manifest.details["preprocessing"] == "given"


def test_verification_holds_the_report_against_the_ledger(home):
    found = verify_version(home, "loans@1")
    assert found.differences == []
    assert "epsilon from the privacy ledger" in found.checked


def test_a_rerun_finds_its_version_and_spends_nothing(home, private_spec):
    before = home.ledger().head()
    assert run_spec(parse_spec(private_spec()), home=home.root).version == 1
    assert home.ledger().head() == before


def test_a_version_whose_run_died_before_the_ledger_heard_its_name_is_named_by_the_next(
    prefect_api, private_spec, tmp_path, monkeypatch
):
    with monkeypatch.context() as patched:
        patched.setattr("assay.flows.register.attribute", lambda run, version: None)
        run_spec(parse_spec(private_spec()), home=tmp_path)
    assert [one.version for one in Home(tmp_path).ledger().reservations()] == [None]
    run_spec(parse_spec(private_spec()), home=tmp_path)
    assert [one.version for one in Home(tmp_path).ledger().reservations()] == ["loans@1"]


def test_an_overspent_budget_refuses_the_run_and_names_the_version_that_spent_it(home, private_spec):
    name, ledger = dataset_of(home), home.ledger()
    ledger.set_budget(name, epsilon=2.6, delta=1e-4)
    head = ledger.head()
    with pytest.raises(BudgetError, match="loans@1"):
        run_spec(parse_spec(private_spec(train={"epochs": 2, "batch_size": 64, "seed": 7})), home=home.root)
    assert ledger.head() == head
    assert len(home.registry().versions("loans")) == 1


def test_training_without_privacy_is_refused_on_rows_that_have_a_budget(home, loans_spec, tmp_path):
    home.ledger().set_budget(dataset_of(home), epsilon=2.6, delta=1e-4)
    with pytest.raises(BudgetError, match="no privacy"):
        run_spec(parse_spec(loans_spec()), home=home.root)
    # Some of the rows in a file of their own are still those rows.
    source = loans_spec()["data"]["source"].partition(":")[2]
    pd.read_csv(source).head(300).to_csv(tmp_path / "some.csv", index=False)
    part = loans_spec()["data"] | {"source": f"csv:{tmp_path / 'some.csv'}"}
    with pytest.raises(BudgetError, match="no privacy"):
        run_spec(parse_spec(loans_spec(data=part)), home=home.root)


def test_a_file_with_edited_rows_is_charged_to_the_one_it_is_declared_to_come_from(
    home, loans_spec, tmp_path
):
    home.ledger().set_budget(dataset_of(home), epsilon=2.6, delta=1e-4)
    source = loans_spec()["data"]["source"]
    rows = pd.read_csv(source.partition(":")[2])
    rows["income"] += 1
    rows.to_csv(tmp_path / "edited.csv", index=False)
    edited = loans_spec()["data"] | {"source": f"csv:{tmp_path / 'edited.csv'}", "derived_from": [source]}
    with pytest.raises(BudgetError, match="no privacy"):
        run_spec(parse_spec(loans_spec(data=edited)), home=home.root)
    with pytest.raises(DataError, match="derived_from"):
        run_spec(parse_spec(loans_spec(data=edited | {"derived_from": ["nothing"]})), home=home.root)


def test_a_home_without_a_ledger_gets_none_by_training_without_privacy(prefect_api, loans_spec, tmp_path):
    run_spec(parse_spec(loans_spec()), home=tmp_path)
    assert not Home(tmp_path).ledger().exists
    assert not (tmp_path / "ledger.db").exists()


def test_where_a_ledger_is_kept_training_without_privacy_is_charged_without_bound(
    prefect_api, loans_spec, private_spec, tmp_path
):
    home = Home(tmp_path)
    run_spec(parse_spec(private_spec()), home=tmp_path)
    run_spec(parse_spec(loans_spec(name="plain")), home=tmp_path)
    charged = home.ledger().reservations()
    assert [(one.version, isinstance(one.charged, NonPrivate)) for one in charged] == [
        ("loans@1", False),
        ("plain@1", True),
    ]
    run_spec(parse_spec(private_spec(train={"epochs": 2, "batch_size": 64, "seed": 3})), home=tmp_path)
    report = report_of(home, 2)
    assert "epsilon" not in report["privacy"]["cumulative"]
    assert "without privacy" in report["missing"]["/privacy/cumulative/epsilon"]


def test_a_ledger_that_was_rewritten_is_found_out_by_the_report(prefect_api, private_spec, tmp_path):
    home = Home(tmp_path)
    run_spec(parse_spec(private_spec()), home=tmp_path)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        guards = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (guard,) in guards:
            connection.execute(f"DROP TRIGGER {guard}")
        connection.execute("UPDATE ledger_entries SET body = replace(body, 'count', 'comte')")
    differences = verify_version(home, "loans@1").differences
    assert any("privacy ledger" in line for line in differences)


class TestCommand:
    def invoke(self, *arguments: object):
        return CliRunner().invoke(app, ["ledger", *map(str, arguments)])

    def test_it_lists_shows_and_verifies(self, home):
        rows = json.loads(self.invoke("list", "--home", home.root, "--json").stdout)
        assert (rows[0]["unit"], len(rows[0]["runs"])) == ("record", 1)
        shown = self.invoke("show", dataset_of(home), "--home", home.root)
        assert "loans@1" in shown.stdout
        verified = json.loads(self.invoke("verify", "--home", home.root, "--json").stdout)
        assert verified["head"] == home.ledger().head().to_json()

    def test_a_budget_can_be_set_for_a_source_before_its_first_run(self, loans_spec, tmp_path):
        source = loans_spec()["data"]["source"]
        answer = self.invoke(
            "set", source, "--epsilon", 8, "--delta", 1e-4, "--home", tmp_path, "--json"
        ).stdout
        assert json.loads(answer)["budget"] == {"epsilon": 8.0, "delta": 1e-4}
        with pytest.raises(BudgetError):
            run_spec(parse_spec(loans_spec()), home=tmp_path)

    def test_what_it_does_not_know_is_refused(self, home, tmp_path):
        assert isinstance(self.invoke("show", "nothing", "--home", home.root).exception, DataError)
        assert isinstance(self.invoke("show", "nothing", "--home", tmp_path).exception, DataError)
