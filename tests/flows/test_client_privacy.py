"""Hidden clients through the chain: 200 of them, one ledger, a report that names the unit, refusals."""

import json

import jsonschema
import pytest
from assay.audits.report import schema
from assay.flows.charging import unit_of
from assay.flows.home import Home
from assay.flows.run import run_spec
from assay.flows.spec import parse_spec
from assay.flows.verification import verify_version
from assay.platform.exceptions import BudgetError, UsageError

pytest.importorskip("opacus")

SHARES = {"clients": 200, "fraction": 0.1, "rounds": 3}
BUDGET = {"unit": "client", "epsilon": 4.0, "delta": 1e-3, "accountant": "rdp", "canaries": 200}
GATES = [{"metric": "epsilon", "max": 4.0}, {"metric": "epsilon_cumulative", "max": 4.0}]


def spec(loans_spec, *, federated=None, privacy=None, **changes):
    told = {"federated": SHARES | (federated or {}), "privacy": BUDGET | (privacy or {}), "policy": GATES}
    return parse_spec(loans_spec(**told | {"train": {"batch_size": 8, "keep": "last"}} | changes))


@pytest.fixture(scope="module")
def twice(prefect_api, loans_spec, tmp_path_factory):
    """A home with two finished runs on the same clients, the second of fewer rounds."""
    home = tmp_path_factory.mktemp("home")
    return home, [run_spec(spec(loans_spec, federated=told), home=home) for told in ({}, {"rounds": 2})]


def report(result):
    return json.loads(result.report["json"].read_bytes())


def google(*rounds):
    dp = pytest.importorskip("dp_accounting")
    from dp_accounting import rdp

    accountant = rdp.RdpAccountant([1 + x / 10 for x in range(1, 100)] + [*range(11, 64), 128, 256, 512])
    for claimed in rounds:
        noise = dp.GaussianDpEvent(claimed["noise_multiplier"])
        accountant.compose(dp.PoissonSampledDpEvent(20 / 200, noise), claimed["steps"])
    return accountant.get_epsilon(1e-3)


def test_the_report_names_the_unit_and_claims_what_google_accounts(twice):
    found = report(twice[1][0])
    jsonschema.validate(found, schema())
    claimed = found["privacy"]["claimed"]
    assert (claimed["unit"], claimed["clients"], claimed["clients_a_round"]) == ("client", 200, 20)
    assert (claimed["sample_rate"], claimed["steps"]) == (0.1, 3)
    assert claimed["epsilon"] == pytest.approx(google(claimed), rel=0.01)
    assert claimed["epsilon"] <= 4.0
    assert found["privacy"]["audited"]["epsilon_lower"]["value"] <= claimed["epsilon"]
    words = twice[1][0].report["md"].read_text()
    assert "one client with all of its train rows" in words
    assert "Each of 200 clients took part in each of 3 rounds by a coin of its own" in words


def test_who_took_part_is_withheld_and_what_tells_of_clients_is_named(twice):
    found = report(twice[1][0])
    federated = found["training"]["federated"]
    assert not any({"asked", "counted"} & set(row) for row in federated["clients"])
    assert "faults" not in federated
    assert "secret" in found["missing"]["/training/federated/faults"]
    outside = {one["what"] for one in found["privacy"]["uncovered"]}
    assert {"the table of clients", "validation losses"} <= outside
    assert "training losses" not in outside
    text = twice[1][0].report["html"].read_text()
    assert "Who took part in which round is secret" in text


def test_the_ledger_composes_both_runs_and_gates_see_it(twice):
    first, second = (report(result)["privacy"] for result in twice[1])
    both = second["cumulative"]
    assert len(both["runs"]) == 2
    assert both["epsilon"] == pytest.approx(google(first["claimed"], second["claimed"]), rel=0.02)
    assert [result.gate for result in twice[1]] == ["pass", "fail"]


def test_the_versions_hold_against_their_evidence(twice):
    for version in (1, 2):
        assert verify_version(Home(twice[0]), f"loans@{version}").differences == []


def test_a_budget_holds_for_these_clients_and_for_those_of_any_other_deal(twice, loans_spec):
    home = Home(twice[0])
    ledger, unit = home.ledger(), unit_of(spec(loans_spec))
    dataset = next(name for kind, name, _ in ledger.datasets() if kind == unit)
    ledger.set_budget(dataset, epsilon=5.2, delta=1e-3, unit=unit)
    before = len(ledger.reservations())
    with pytest.raises(BudgetError, match="overspend"):
        run_spec(spec(loans_spec, federated={"rounds": 4}), home=home.root)
    other = spec(loans_spec, federated={"clients": 150})
    assert unit_of(other) != unit
    with pytest.raises(BudgetError, match="counts by client"):
        run_spec(other, home=home.root)
    with pytest.raises(BudgetError):
        run_spec(parse_spec(loans_spec(federated=SHARES)), home=home.root)
    assert len(ledger.reservations()) == before


def test_clients_that_a_column_names_are_the_persons_of_that_column(loans_spec):
    by_column = {"federated": {"partition": {"by": "column", "column": "region"}}, "privacy": BUDGET}
    assert unit_of(parse_spec(loans_spec(**by_column))) == "region"


def test_other_settings_of_training_leave_the_clients_what_they_are(loans_spec):
    one = unit_of(spec(loans_spec))
    assert one == unit_of(spec(loans_spec, federated={"rounds": 9}, privacy={"epsilon": 1.0}))
    assert one != unit_of(spec(loans_spec, train={"seed": 1}))
    assert one != unit_of(spec(loans_spec, federated={"partition": {"by": "quantity"}}))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"federated": {"strategy": "median"}}, "compares single clients"),
        ({"federated": {"least": 2}}, "left to chance"),
        ({"privacy": {"delta": 1 / 200}}, "1 / 200 clients"),
        ({"privacy": {"unit": "gender"}}, "with several clients"),
        ({"privacy": {"clipping": "adaptive"}, "federated": {"fraction": 0.005}}, "counting"),
        ({"seeds": 2}, "deals rows to other clients"),
    ],
)
def test_wrong_use_is_told_and_nothing_is_spent(prefect_api, loans_spec, tmp_path, changes, said):
    with pytest.raises(UsageError, match=said) as caught:
        run_spec(spec(loans_spec, **changes), home=tmp_path)
    assert caught.value.exit_code == 2
    assert caught.value.mend
    ledger = Home(tmp_path).ledger()
    assert not ledger.exists or ledger.reservations() == ()


def test_clients_without_a_federation_are_refused(prefect_api, loans_spec, tmp_path):
    with pytest.raises(UsageError, match="or add `federated`"):
        run_spec(parse_spec(loans_spec(privacy=BUDGET)), home=tmp_path)
