"""Every network of tables and images through the whole chain, two epochs on a built-in set, no warning.

Widths are an eighth of the published ones; those of texts are in `test_texts.py`.
"""

import json

import pytest
from assay.flows.home import Home
from assay.flows.run import run_spec
from assay.flows.spec import parse_spec
from assay.models.catalog import ARCHITECTURES

SOURCES = {"tabular": "builtin:adult", "image": "builtin:digits"}
NARROW = {1.0: {"width": 0.125}, 768: {"width": 24, "depth": 2}}

#: Audits that ask the model about few rows: what they find is held by their own tests.
BRIEF = {
    "explain": {"rows": 16, "examples": 2},
    "fairness": {"replicates": 200},
    "robustness": {"rows": 40, "attack_rows": 10},
    "slices": {"enabled": False},
}


@pytest.fixture(scope="module")
def home(prefect_api, tmp_path_factory):
    """One home, so that each set is read once."""
    return tmp_path_factory.mktemp("networks")


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, part in ARCHITECTURES.items() if part.modality in SOURCES])
def test_a_network_trains_two_epochs_to_a_report(home, name):
    part = ARCHITECTURES[name]
    spec = {
        "name": name,
        "data": {"source": SOURCES[part.modality]},
        "model": {"architecture": name, **NARROW.get(part.options.get("width"), {})},
        "train": {
            "epochs": 2,
            "batch_size": 64,
            "label_fraction": 0.1 if part.modality == "tabular" else 0.5,
        },
        "audit": BRIEF,
        "policy": [{"metric": "accuracy", "min": 0.0}],
    }
    result = run_spec(parse_spec(spec), home=home)
    report = json.loads((Home(home).version_folder(name, result.version) / "report.json").read_bytes())
    trained = next(stage for stage in report["training"]["stages"] if stage["name"] == "train")
    assert report["model"]["architecture"] == name
    assert trained["epochs"] == 2
    assert result.gate == "pass"
