"""Wrong use of privacy ends in exit 2, with what was got and how to mend it, and nothing is spent."""

import pytest
from assay.flows.home import Home
from assay.flows.run import run_spec
from assay.flows.spec import parse_spec
from assay.platform.exceptions import UsageError

PRIVACY = {"epsilon": 2.0, "delta": 1e-4, "accountant": "rdp"}
DIGITS = {"data": {"source": "builtin:digits"}, "policy": [], "privacy": PRIVACY}

#: What is asked for, and a word of the answer.
WRONG = {
    "epsilon 0": ({"privacy": PRIVACY | {"epsilon": 0}}, "privacy.epsilon"),
    "epsilon below 0": ({"privacy": PRIVACY | {"epsilon": -1.0}}, "privacy.epsilon"),
    "epsilon without end": ({"privacy": PRIVACY | {"epsilon": float("inf")}}, "privacy.epsilon"),
    "delta of 1 / rows": ({"privacy": PRIVACY | {"delta": 1 / 420}}, "privacy.delta"),
    "a bound of 0": ({"privacy": PRIVACY | {"max_grad_norm": 0.0}}, "privacy.max_grad_norm"),
    "a batch larger than the data": (
        {"privacy": PRIVACY, "train": {"batch_size": 10_000}}, "train.batch_size",
    ),
    "a batch too small to count in": (
        {"privacy": PRIVACY | {"clipping": "adaptive"}, "train": {"batch_size": 4}}, "privacy.clipping",
    ),
    "batch normalization": ({**DIGITS, "model": {"architecture": "resnet18"}}, "norm: group"),
    "pretraining that contrasts rows": (
        {"privacy": PRIVACY, "pretrain": {"method": "scarf", "epochs": 1}}, "scarf",
    ),
    "mitigation that trains again": (
        {
            "privacy": PRIVACY,
            "mitigate": {
                "method": "reweighing", "over": "gender", "constraint": "demographic_parity",
            },
        },
        "without privacy",
    ),
    "a misspelt key": ({"privacy": PRIVACY | {"epsilom": 2.0}}, "epsilon"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_use_is_told_and_nothing_is_spent(prefect_api, loans_spec, tmp_path, wrong):
    changes, said = WRONG[wrong]
    with pytest.raises(UsageError) as caught:
        run_spec(parse_spec(loans_spec(**changes)), home=tmp_path)
    error = caught.value
    assert error.exit_code == 2
    assert said in str(error)
    assert error.got is not None
    assert error.mend
    ledger = Home(tmp_path).ledger()
    assert not ledger.exists or ledger.reservations() == ()
    assert not list(tmp_path.glob("store/artifacts/*/weights"))
