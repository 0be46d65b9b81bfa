"""The packaged private example, shortened: what it claims, what it leaves outside, and that it verifies."""

import json

import pytest
from assay.flows.examples import example_path
from assay.flows.home import Home
from assay.flows.run import run_spec
from assay.flows.spec import load_spec
from assay.flows.verification import verify_version


@pytest.fixture(scope="module")
def finished(prefect_api, tmp_path_factory):
    """One epoch of it, at the epsilon that its whole training promises."""
    home = tmp_path_factory.mktemp("private")
    spec = load_spec(
        example_path("adult-private"),
        ["train.epochs=1", "privacy.accountant=rdp", "audit.slices.enabled=false", "policy=[]"],
    )
    return Home(home), run_spec(spec, home=home)


def test_its_report_claims_what_was_asked_for_and_names_what_stands_outside(finished):
    _, result = finished
    privacy = json.loads(result.report["json"].read_bytes())["privacy"]
    assert 0.9 < privacy["claimed"]["epsilon"] <= 1.0
    assert privacy["claimed"]["secret_noise"] is True
    outside = {one["what"] for one in privacy["uncovered"]}
    assert outside
    assert not any("preprocessing" in what for what in outside), "its codebook was public"
    assert privacy["audited"]["epsilon_lower"]["value"] <= privacy["claimed"]["epsilon"]


def test_it_verifies_and_leaves_no_key_of_its_noise_behind(finished):
    home, _ = finished
    assert verify_version(home, "adult-private@1").differences == []
    scratch = home.root / "store" / "scratch"
    assert not scratch.exists() or not list(scratch.iterdir())
