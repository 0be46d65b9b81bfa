"""Gates of registered versions: comparisons, waivers, promotion, further seeds; on one small home."""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import jsonschema
import pytest
from assay.audits.report import schema
from assay.flows.chain import Run, perform
from assay.flows.cli import app
from assay.flows.home import Home
from assay.flows.register import publish, recall
from assay.flows.spec import parse_spec
from assay.flows.stages import wanted
from assay.flows.verification import verify_version
from assay.platform.exceptions import AssayError
from typer.testing import CliRunner

POLICY = [
    {"metric": "accuracy", "min": 0.3, "confidence": 0.99},
    {"metric": "accuracy", "min": 0.3, "split": "validation"},
    {"metric": "accuracy", "not_worse_than": "production", "by": 0.2},
    {"requires": ["fairness.gender", "privacy.claimed"]},
]
SOON = (date.today() + timedelta(days=30)).isoformat()


def run(home: Path, document: dict, *overrides: str) -> tuple[int, dict]:
    """The stages one after the other, without a flow around them."""
    started = Run.open(parse_spec(document, overrides), Home(home))
    for stage in wanted(started.spec):
        perform(stage, started)
    number, report = publish(started)
    started.meter.close()
    return number, report


@pytest.fixture(scope="module")
def document(loans_spec) -> dict:
    quick = {"explain": {"methods": ["permutation_importance"], "rows": 32, "examples": 1}}
    return loans_spec(policy=POLICY, audit=quick | {"fairness": {"replicates": 50}})


@pytest.fixture(scope="module")
def first(document, tmp_path_factory) -> tuple[Path, dict]:
    home = tmp_path_factory.mktemp("home")
    return home, run(home, document)[1]


@pytest.fixture
def home(first, tmp_path) -> Path:
    """A copy of that home which a test may change."""
    return Path(shutil.copytree(first[0], tmp_path / "home", symlinks=True))


def assay(*arguments: object, home: Path):
    """One command; an error of ours becomes its exit code and its words."""
    done = CliRunner().invoke(app, [*map(str, arguments), "--home", str(home)])
    if isinstance(done.exception, AssayError):
        return done.exception.exit_code, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_each_check_is_answered_in_the_report(first):
    report = first[1]
    jsonschema.validate(report, schema())
    confident, chosen, compared, required = report["policy"]["checks"]
    assert confident["status"] == chosen["status"] == "pass"
    number = report["performance"]["metrics"]["accuracy"]
    assert confident["one_sided"] == number["one_sided_at"]["0.99"]
    assert number["one_sided_at"]["0.99"][0] < number["one_sided"][0]
    assert chosen["value"] == report["performance"]["validation"]["metrics"]["accuracy"]["value"]
    assert compared["reason"] == "not measured: there is no production version yet"
    assert required["status"] == "inconclusive"
    assert required["reason"].startswith("privacy.claimed: Trained without")
    assert report["missing"]["/variation"].startswith("Not asked for")


def test_an_open_gate_is_not_promoted_and_a_waived_one_is(home):
    assert assay("gate", "loans", home=home)[0] == 4
    assert assay("registry", "promote", "loans@1", home=home)[0] == 2
    given = ("--name", "A. Person", "--reason", "the first version", "--until", SOON)
    code, said = assay("waive", "loans@1", "--check", "accuracy", *given, home=home)
    assert (code, "none of them signed" in said) == (0, True)
    assert assay("registry", "promote", "loans@1", home=home)[0] == 2  # one check is still open
    assert assay("waive", "loans@1", "--check", "required_evidence", *given, home=home)[0] == 0
    code, said = assay("gate", "loans", home=home)
    assert code == 0
    assert said.startswith("loans@1: waived")
    assert f"waived until {SOON} by A. Person, not signed: the first version" in said
    answer = json.loads(assay("gate", "loans", "--json", home=home)[1])
    assert (answer["status"], answer["verdict"]) == ("waived", "inconclusive")
    assert [check["status"] for check in answer["checks"]] == ["pass", "pass", "inconclusive", "inconclusive"]
    assert assay("registry", "promote", "loans@1", home=home)[0] == 0


def test_waivers_stand_first_in_the_report_and_the_version_still_verifies(home):
    given = ("--name", "A. <b>Person</b>", "--reason", "no attack is built", "--until", SOON)
    assay("waive", "loans@1", "--all", *given, home=home)
    shown = Path(assay("report", "loans", home=home)[1].strip())
    text = shown.read_text(encoding="utf-8")
    assert shown.parent == Home(home).version_folder("loans", 1)
    assert "waived by" in text.split("Gate</h2>")[0]
    assert "<b>Person" not in text
    assert f"waived until {SOON}" in text
    report = json.loads(Path(assay("report", "loans", "--format", "json", home=home)[1].strip()).read_bytes())
    jsonschema.validate(report, schema())
    assert report["policy"]["status"] == "inconclusive"
    assert [waiver["signed"] for waiver in report["policy"]["waivers"]] == [False, False]
    checked = verify_version(Home(home), "loans")
    assert checked.differences == []
    assert "report.html with waivers" in checked.checked
    shown.write_text(text.replace("inconclusive", "pass"), encoding="utf-8")
    assert [line.split(":")[0] for line in verify_version(Home(home), "loans").differences] == [
        "report.html with waivers"
    ]


def test_a_revoked_or_expired_waiver_does_not_count(home, monkeypatch):
    given = ("--name", "A. Person", "--reason", "why not", "--until", SOON)
    assay("waive", "loans@1", "--all", *given, home=home)
    assert assay("gate", "loans", home=home)[0] == 0
    for module in ("assay.flows.waivers", "assay.platform.registry.waivers"):
        monkeypatch.setattr(f"{module}.today", lambda: "2999-01-01")
    assert assay("gate", "loans", home=home)[0] == 4
    assert assay("registry", "promote", "loans@1", home=home)[0] == 2
    monkeypatch.undo()
    assert assay("waive", "loans@1", "--revoke", "1", home=home)[0] == 0
    assert assay("gate", "loans", home=home)[0] == 4
    assert assay("waive", "loans@1", "--revoke", "1", home=home)[0] == 2
    assert "1 waivers" in assay("waive", "loans@1", "--list", home=home)[1]
    assay("waive", "loans@1", "--revoke", "2", home=home)
    assert Path(assay("report", "loans", home=home)[1].strip()).parent != Home(home).version_folder(
        "loans", 1
    )
    assert (Home(home).version_folder("loans", 1) / "report.html").is_symlink()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--check", "acuracy", "--name", "A", "--reason", "b", "--until", SOON], "did you mean 'accuracy'"),
        (["--all", "--name", " ", "--reason", "b", "--until", SOON], "--name"),
        (["--all", "--name", "A", "--reason", "", "--until", SOON], "--reason"),
        (["--all", "--name", "A", "--reason", "b", "--until", "2020-01-01"], "is over"),
        (["--all", "--name", "A", "--reason", "b", "--until", "3020-01-01"], "too far"),
        (["--all", "--name", "A", "--reason", "b", "--until", "soon"], "YYYY-MM-DD"),
        (["--name", "A", "--reason", "b", "--until", SOON], "--check"),
    ],
)
def test_a_waiver_that_says_too_little_is_refused(first, arguments, said):
    code, words = assay("waive", "loans@1", *arguments, home=first[0])
    assert code == 2
    assert said in words


def test_a_comparison_is_bound_to_the_version_that_the_alias_meant(home, document):
    waiver = ("--all", "--name", "A. Person", "--reason", "the first", "--until", SOON)
    assay("waive", "loans@1", *waiver, home=home)
    assay("registry", "promote", "loans@1", home=home)
    # Nothing changed but the alias, and it means this very version.
    assert recalled(home, document) == 1
    number, report = run(home, document, "train.epochs=4")
    jsonschema.validate(report, schema())
    compared = report["comparisons"]["production"]
    assert (number, compared["name"], compared["version"]) == (2, "loans", 1)
    check = report["policy"]["checks"][2]
    assert check["pointer"] == "/comparisons/production/performance/accuracy"
    assert check["limit"] == {"min": -0.2}
    assert verify_version(Home(home), "loans@2").differences == []
    # The alias moves on: the same spec is now another version, while the old comparison still verifies.
    assay("waive", "loans@2", *waiver, home=home)
    assay("registry", "promote", "loans@2", home=home)
    assert recalled(home, document, "train.epochs=4") == 2
    assert recalled(home, document) is None
    assert verify_version(Home(home), "loans@2").differences == []


def recalled(home: Path, document: dict, *overrides: str) -> int | None:
    """The version that a rerun finds."""
    started = Run.open(parse_spec(document, overrides), Home(home))
    for stage in wanted(started.spec):
        perform(stage, started)
    return recall(started)


def test_versions_tested_on_other_rows_are_not_compared(home, document):
    waiver = ("--all", "--name", "A. Person", "--reason", "the first", "--until", SOON)
    assay("waive", "loans@1", *waiver, home=home)
    assay("registry", "promote", "loans@1", home=home)
    _, report = run(home, document, "data.split.seed=5")
    assert "was tested on other rows" in report["policy"]["checks"][2]["reason"]


def test_further_seeds_are_trained_and_what_varies_is_reported(home, document):
    number, report = run(home, document, "seeds=3")
    jsonschema.validate(report, schema())
    varied = report["variation"]["metrics"]["accuracy"]
    assert report["variation"]["seeds"] == [0, 1, 2]
    assert varied["by_seed"][0]["value"] == report["performance"]["metrics"]["accuracy"]["value"]
    assert varied["least"] <= varied["value"] <= varied["most"]
    assert "demographic_parity_difference" in report["variation"]["gaps"]["gender"]
    assert report["evidence"]["/variation"]
    assert {"train seed 1", "train seed 2", "variation"} <= {s["name"] for s in report["training"]["stages"]}
    assert (
        "seed-to-seed" in Home(home).version_folder("loans", number).joinpath("report.md").read_text().lower()
    )
    checked = verify_version(Home(home), "loans")
    assert checked.differences == []
    assert "numbers of variation from stored predictions" in checked.checked
    # A run of another seed finds what was trained for this one.
    again = Run.open(parse_spec(document, ["train.seed=1"]), Home(home))
    assert [perform(stage, again).cached for stage in wanted(again.spec)][:3] == [True, True, True]
