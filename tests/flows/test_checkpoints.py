"""Weights from elsewhere through the whole chain: trained on, reported, asked and verified without them."""

import json
import runpy
import shutil
import sys
from pathlib import Path

import jsonschema
import pytest
from assay.audits.report import schema
from assay.flows.chain import Run, perform
from assay.flows.cli import main
from assay.flows.home import Home
from assay.flows.preflight import preflight
from assay.flows.rate_range import rate_range_of
from assay.flows.run import run_spec
from assay.flows.scoring import score_file
from assay.flows.spec import load_spec, parse_spec
from assay.flows.stages import wanted
from assay.flows.verification import verify_version
from assay.flows.version import open_version
from assay.platform.checkpoints.permission import permitting
from assay.platform.exceptions import CombinationError, ModelError, SpecError, UsageError
from assay.platform.predictor import load_model
from assay.platform.predictor.artifact import load_network

SMALL = runpy.run_path(str(Path(__file__).parents[1] / "platform" / "checkpoints" / "conftest.py"))

BRIEF = {
    "explain": {"rows": 8, "examples": 1},
    "fairness": {"replicates": 50},
    "robustness": {"rows": 20, "attack_rows": 4},
    "slices": {"enabled": False},
}
TEXTS = {"target": "liked", "sensitive": ["gender"], "columns": {"title": "text", "said": "text"}}
FACTORY = "own_module_of_a_test:make"
MODULE = '''
from torch import nn

class Both(nn.Module):
    """Columns of numbers through one layer."""

    def __init__(self, numbers, width):
        super().__init__()
        self.layer = nn.Linear(numbers, width)

    def forward(self, numbers, codes):
        return self.layer(numbers.nan_to_num()).relu()

def make(inputs, width=6):
    return Both(inputs.numeric, width)
'''


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    """A module of a person's own on the path, and nothing of it imported yet."""
    (tmp_path / "own_module_of_a_test.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("own_module_of_a_test", None)


def of_texts(folder: Path, **changes) -> dict:
    """A spec over a few texts that goes on from a checkpoint."""
    if not (folder / "said.csv").exists():
        SMALL["save_texts"](folder / "said.csv")
    return {
        "name": "said",
        "data": {"source": f"csv:{folder / 'said.csv'}", "text": {"length": 12}, **TEXTS},
        "model": {"architecture": f"folder:{folder / 'bert'}"},
        "train": {"epochs": 2, "batch_size": 16, "learning_rate": 0.01},
        "audit": BRIEF,
        "policy": [{"metric": "accuracy", "min": 0.0}],
        **changes,
    }


@pytest.fixture(scope="module")
def finished(prefect_api, tmp_path_factory) -> tuple[Path, dict]:
    """A home in which a checkpoint was trained on, whose folder is gone."""
    folder = tmp_path_factory.mktemp("checkpoint")
    SMALL["save_bert"](folder / "bert")
    result = run_spec(parse_spec(of_texts(folder)), home=folder / "home")
    shutil.move(folder / "bert", folder / "moved")
    report = json.loads(
        (Home(folder / "home").version_folder("said", result.version) / "report.json").read_bytes()
    )
    return folder, report


def test_the_report_says_what_was_taken_and_what_is_not_known_of_it(finished):
    folder, report = finished
    jsonschema.validate(report, schema())
    found = report["training"]["checkpoint"]
    assert found["reference"] == "folder:bert"
    assert found["card"]["datasets"] == ["reviews-of-films", "s2orc"]
    assert report["model"]["architecture"] == found["architecture"] == "BertForMaskedLM"
    assert {f"/training/checkpoint/{name}" for name in ("overlap", "kwh")} <= set(report["missing"])
    taken = next(a for a in report["lineage"]["artifacts"] if a["kind"] == "pretrained")
    assert report["evidence"]["/training/checkpoint"] == taken["digest"]
    assert str(folder) not in json.dumps(report)
    html = (Home(folder / "home").version_folder("said", 1) / "report.html").read_text()
    assert "reviews-of-films" in html
    assert found["files"]["model.safetensors"] in html


def test_a_version_is_asked_and_verified_when_the_folder_is_gone(finished):
    folder, _ = finished
    home = Home(folder / "home")
    scored = score_file(open_version(home, "said").model_path(), folder / "said.csv")
    assert scored.num_rows == 80
    found = verify_version(home, "said")
    assert found.differences == []


def test_a_card_changed_in_the_store_is_noticed(finished, tmp_path):
    folder, _ = finished
    shutil.copytree(folder / "home", tmp_path / "home", symlinks=True)
    (card,) = (tmp_path / "home").rglob("checkpoint.json")
    card.chmod(0o644)
    card.write_text(card.read_text().replace("s2orc", "nothing"))
    assert verify_version(Home(tmp_path / "home"), "said").differences


def test_the_same_checkpoint_in_another_folder_is_the_same_version(finished):
    folder, _ = finished
    document = of_texts(folder, model={"architecture": f"folder:{folder / 'moved'}"})
    again = run_spec(parse_spec(document), home=folder / "home")
    assert again.version == 1
    assert all(stage.cached for stage in again.stages)


def trained(spec: dict, home: Path) -> Run:
    """Every stage but the audit."""
    parsed = parse_spec(spec)
    preflight(parsed)
    run = Run.open(parsed, Home(home))
    for stage in wanted(parsed):
        if stage.name not in ("audit", "variation", "adaptation"):
            perform(stage, run)
    return run


def test_another_domain_joins_training_on_its_weights(tmp_path):
    SMALL["save_bert"](tmp_path / "bert")
    document = of_texts(tmp_path)
    run = trained(document | {"adapt": {"target": document["data"]["source"]}}, tmp_path / "home")
    assert load_model(run.path("train")).module.width == 16


@pytest.mark.parametrize("target", ["debt", "region"])
def test_a_module_of_ones_own_learns_values_and_several_classes(loans_spec, own_module, target):
    document = loans_spec(model={"architecture": f"python:{FACTORY}"}, policy=[])
    document["data"] = {**document["data"], "target": target}
    with permitting(code=[FACTORY]):
        run = trained(document, own_module / "home")
        assert load_model(run.path("train")).task == ("regression" if target == "debt" else "multiclass")


@pytest.mark.parametrize(
    "train", [{"mode": "linear_probe"}, {"mode": "gradual"}, {"mode": "lora"}, {"mode": "scratch"},
              {"layer_decay": 0.5}],
    ids=lambda train: "-".join(map(str, train.values())),
)  # fmt: skip
def test_every_mode_of_training_goes_on_from_it(tmp_path, train):
    SMALL["save_bert"](tmp_path / "bert")
    document = of_texts(tmp_path)
    run = trained(document | {"train": {"epochs": 2, "batch_size": 16, **train}}, tmp_path / "home")
    taken, _ = load_network(run.path("checkpoint"))
    start, end = taken.body.state_dict(), load_model(run.path("train")).module.body.state_dict()
    same = [bool((start[name] == end[name]).all()) for name in start]
    assert all(same) == (train.get("mode") == "linear_probe")


def test_images_several_seeds_and_mitigation_go_on_from_it(tmp_path):
    SMALL["save_vit"](tmp_path / "vit")
    document = {
        "name": "digits", "data": {"source": "builtin:digits"}, "seeds": 2,
        "model": {"architecture": f"folder:{tmp_path / 'vit'}"},
        "train": {"epochs": 1, "labels_per_class": 5},
    }  # fmt: skip
    run = trained(document, tmp_path / "home")
    assert load_model(run.path("train seed 1")).module.width == 16
    SMALL["save_bert"](tmp_path / "bert")
    SMALL["save_texts"](tmp_path / "said.csv", rows=600)
    for method in ("threshold", "reweighing"):
        mitigated = of_texts(
            tmp_path, mitigate={"method": method, "over": "gender", "constraint": "demographic_parity"}
        )
        run = trained(mitigated, tmp_path / "home")
        assert load_model(run.path("mitigate")).schema.modality == "text"


def test_a_range_of_rates_is_tried_on_its_weights(tmp_path):
    SMALL["save_bert"](tmp_path / "bert")
    found = rate_range_of(parse_spec(of_texts(tmp_path)), home=tmp_path / "home", steps=12)
    assert len(found.losses) == 12


def test_a_folder_is_found_beside_the_spec(tmp_path):
    (tmp_path / "spec.yaml").write_text(
        "data: {source: 'builtin:digits'}\nmodel: {architecture: 'folder:vit'}\n"
    )
    assert load_spec(tmp_path / "spec.yaml").model.architecture == f"folder:{tmp_path / 'vit'}"


def test_a_module_of_ones_own_runs_only_where_its_factory_is_allowed(loans_spec, own_module):
    document = loans_spec(model={"architecture": f"python:{FACTORY}", "width": 5})
    document["train"] = {"epochs": 1, "batch_size": 64}
    for allowed in ([], ["own_module_of_a_test:other"]):
        with permitting(code=allowed), pytest.raises(UsageError, match="--allow-code") as caught:
            preflight(parse_spec(document))
        assert caught.value.exit_code == 2
    assert "own_module_of_a_test" not in sys.modules, "nothing was imported"
    with permitting(code=[FACTORY]):
        run = trained(document, own_module / "home")
        assert load_model(run.path("train")).module.width == 5
    facts = json.loads((run.path("checkpoint") / "checkpoint.json").read_bytes())
    assert facts["code"]["factory"] == FACTORY
    assert len(facts["code"]["source"]) == 64
    with pytest.raises(UsageError, match="--allow-code"):
        load_model(run.path("train"))


def ended(monkeypatch, *arguments: str) -> int:
    """Exit code of a command."""
    monkeypatch.setattr(sys, "argv", ["assay", *arguments])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_the_command_line_gives_the_permission(loans_spec, own_module, prefect_api, monkeypatch):
    document = loans_spec(model={"architecture": f"python:{FACTORY}"}, audit=BRIEF)
    (own_module / "spec.yaml").write_text(json.dumps(document))
    given = ["--home", str(own_module / "home"), "--json"]
    data = document["data"]["source"].partition(":")[2]
    asked = ["predict", "loans", data, *given, "-o", str(own_module / "scores.csv")]
    made = ["run", str(own_module / "spec.yaml"), *given]
    for command in (made, asked):
        assert ended(monkeypatch, *command) == 2
        assert ended(monkeypatch, *command, "--allow-code", FACTORY) == 0
    report = json.loads((Home(own_module / "home").version_folder("loans", 1) / "report.json").read_bytes())
    jsonschema.validate(report, schema())
    assert report["training"]["checkpoint"]["code"]["allowed_by"] == "--allow-code"
    assert "/training/checkpoint/datasets" in report["missing"]


@pytest.mark.parametrize(
    ("reference", "error", "said"),
    [
        ("folder:", SpecError, "names nothing"),
        ("folder:nowhere", ModelError, "no checkpoint at"),
        ("hf:a b", SpecError, "names nothing"),
        ("hf:acme/nowhere", ModelError, "nothing may be fetched"),
        ("python:os", SpecError, "names nothing"),
        ("python:os:system", UsageError, "--allow-code"),
        ("s3:somewhere", SpecError, "unknown kind"),
    ],
)
def test_a_reference_that_can_not_be_used_ends_before_any_data_are_read(loans_spec, reference, error, said):
    with pytest.raises(error, match=said) as caught:
        preflight(parse_spec(loans_spec(model={"architecture": reference})))
    assert caught.value.exit_code == 2


def test_pretraining_beside_a_checkpoint_is_refused_before_any_data_are_read(tmp_path):
    SMALL["save_bert"](tmp_path / "bert")
    with pytest.raises(CombinationError, match="a checkpoint can't be had with pretraining"):
        preflight(parse_spec(of_texts(tmp_path, pretrain={"method": "mlm"})))
