"""The command line answers at once, in its own words, with the exit codes that scripts rely on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ASSAY = Path(sys.executable).parent / "assay"


def assay(*arguments: object, cwd: Path | None = None, stdin: str | None = None):
    """One command in a fresh process, as a person runs it."""
    return subprocess.run(
        [ASSAY, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, input=stdin, timeout=300
    )


def test_help_imports_nothing_heavy():
    code = "import sys, assay.flows.cli; print([m for m in HEAVY if m in sys.modules])"
    heavy = "('torch', 'numpy', 'pandas', 'pyarrow', 'prefect', 'pydantic', 'sqlalchemy', 'ray', 'datasets')"
    done = subprocess.run(
        [sys.executable, "-c", code.replace("HEAVY", heavy)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_command_explains_itself():
    listed = assay("--help").stdout
    for command in (
        "run",
        "init",
        "lr",
        "report",
        "gate",
        "waive",
        "verify",
        "predict",
        "registry",
        "list",
        "doctor",
    ):
        assert command in listed
        assert assay(command, "--help").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "no-such.yaml"], "there is no spec"),
        (["run", "--set", "train.epochs=many"], "train.epochs"),
        (["run", "--set", "trian.epochs=3"], "did you mean 'train'"),
        (["run", "--set", "name=../escape"], "../escape"),
        (["run", "--set", "data.source=builtin:adlut"], "adult"),
        (["run", "--set", "data.target=incom"], "did you mean 'income'"),
        (["run", "--set", "model.architecture=mpl"], "mlp"),
        (["run", "--set", "model.wdith=3"], "width"),
        (["run", "--set", "pretrain.method=simclr"], "simclr"),
        (["run", "--set", "policy=[{metric: acuracy, min: 0.5}]"], "accuracy"),
        (["gate", "nothing"], "no such model"),
        (["gate", "../nothing"], "../nothing"),
        (["verify", "nothing@1"], "no such model"),
        (["report", "nothing"], "no such model"),
        (["predict", "nothing", "rows.csv"], "no such model"),
        (["init"], "--example"),
        (["init", "--example", "adlut"], "did you mean 'adult'"),
        (["init", "--from", "no-such.csv", "--target", "y"], "no-such.csv"),
        (["frobnicate"], "No such command"),
    ],
)
def test_wrong_use_ends_in_exit_2_without_a_traceback_and_makes_nothing(tmp_path, arguments, said):
    done = assay(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not list(tmp_path.glob("**/artifacts/*"))


def test_an_empty_registry_lists_nothing_and_makes_nothing(tmp_path):
    done = assay("registry", "list", "--home", tmp_path / "home", "--json")
    assert json.loads(done.stdout) == []
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "kind",
    [
        "architectures",
        "pretraining",
        "optimizers",
        "schedules",
        "metrics",
        "explanations",
        "robustness",
        "datasets",
        "examples",
    ],
)
def test_what_can_be_named_is_listed_with_a_sentence_each(kind):
    rows = json.loads(assay("list", kind, "--json").stdout)
    assert rows
    assert all(row["name"] and len(row["summary"]) > 5 for row in rows)


def test_init_copies_an_example_and_never_overwrites(tmp_path):
    assert assay("init", "--example", "digits", cwd=tmp_path).returncode == 0
    assert yaml.safe_load((tmp_path / "spec.yaml").read_text())["name"] == "digits"
    again = assay("init", "--example", "adult", cwd=tmp_path)
    assert again.returncode == 2
    assert "left as it is" in again.stderr


def test_the_doctor_finds_this_machine_fit(tmp_path):
    found = json.loads(assay("doctor", "--home", tmp_path, "--json").stdout)
    assert found["ok"]
    assert found["home"]["problem"] is None
