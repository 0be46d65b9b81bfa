"""Hidden rows of clients through the chain: claimed, charged once as rows like any, told client by client."""

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

SHARES = {"clients": 3, "rounds": 3, "fraction": 0.6}
BUDGET = {"epsilon": 4.0, "delta": 1e-4, "accountant": "rdp"}
GATES = [{"metric": "epsilon", "max": 4.0}]


def spec(loans_spec, *, federated=None, privacy=None, **changes):
    told = {"federated": SHARES | (federated or {}), "privacy": BUDGET | (privacy or {}), "policy": GATES}
    return parse_spec(loans_spec(**told | {"train": {"batch_size": 32, "keep": "last"}} | changes))


@pytest.fixture(scope="module")
def ran(prefect_api, loans_spec, tmp_path_factory):
    """A home with a finished run."""
    home = tmp_path_factory.mktemp("home")
    return Home(home), run_spec(spec(loans_spec), home=home)


def test_the_report_claims_what_hides_a_row_at_the_worst_client(ran):
    found = json.loads(ran[1].report["json"].read_bytes())
    jsonschema.validate(found, schema())
    claimed, clients = found["privacy"]["claimed"], found["training"]["federated"]["clients"]
    assert (claimed["unit"], claimed["clients"]) == ("record", 3)
    assert 0 < claimed["epsilon"] <= 4.0
    assert max(row["epsilon"] for row in clients) == claimed["epsilon"]
    assert claimed["steps"] % max(row["asked"] for row in clients) == 0
    words = ran[1].report["md"].read_text()
    assert "no two have a row in common" in words
    assert "Privacy loss ε of its rows" in words
    assert "for one row" in words
    outside = {one["what"] for one in found["privacy"]["uncovered"]}
    assert {"the table of clients", "the number of rows", "validation losses"} <= outside
    assert not {"training losses", "the whole run"} & outside
    assert "no canaries" in str(found["missing"])


def test_the_ledger_holds_one_settled_reservation_of_rows_and_the_version_holds(ran, loans_spec):
    home, result = ran
    assert result.gate == "pass"
    (charged,) = home.ledger().reservations()
    claimed = json.loads(result.report["json"].read_bytes())["privacy"]["claimed"]
    assert charged.stage == "settled"
    assert charged.ran.count == claimed["steps"]
    assert unit_of(spec(loans_spec)) == "record"
    assert verify_version(home, "loans@1").differences == []


def test_a_budget_of_rows_is_one_with_that_of_central_training(ran, loans_spec):
    ledger = ran[0].ledger()
    dataset = next(name for kind, name, _ in ledger.datasets() if kind == "record")
    ledger.set_budget(dataset, epsilon=4.5, delta=1e-4, unit="record")
    for federated in (SHARES | {"rounds": 4}, None):
        told = loans_spec(privacy=BUDGET | {"canaries": 0}, **({"federated": federated} if federated else {}))
        with pytest.raises(BudgetError):
            run_spec(parse_spec(told), home=ran[0].root)
    assert len(ledger.reservations()) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"federated": {"secure": {}}}, "training losses"),
        ({"federated": {"personalize": 1}}, "no account counts"),
        ({"federated": {"clients": 30}}, "mean number of a client's train rows"),
        ({"privacy": {"clipping": "adaptive"}}, "forgotten"),
        ({"privacy": {"canary_rows": 4}}, "wrong labels"),
        ({"model": {"architecture": "resnet_tabular"}}, "norm: group|with privacy"),
    ],
)
def test_wrong_use_is_told_and_nothing_is_spent(prefect_api, loans_spec, tmp_path, changes, said):
    with pytest.raises(UsageError, match=said) as caught:
        run_spec(spec(loans_spec, **changes), home=tmp_path)
    assert caught.value.exit_code == 2
    assert caught.value.mend
    ledger = Home(tmp_path).ledger()
    assert not ledger.exists or ledger.reservations() == ()
