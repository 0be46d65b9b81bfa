"""What the sections of the spec accept."""

import subprocess
import sys

import pytest
from assay.platform.exceptions import SpecError
from assay.platform.training.config import ModelConfig, PretrainConfig, TrainConfig
from pydantic import TypeAdapter, ValidationError


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epochs", 0),
        ("batch_size", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("inf")),
        ("weight_decay", -1.0),
        ("clip", 0.0),
        ("patience", 0),
        ("seed", -1),
        ("label_smoothing", 1.0),
        ("label_fraction", 0.0),
        ("labels_per_class", 0),
        ("workers", 0),
        ("checkpoint_seconds", -1.0),
    ],
)
def test_a_value_out_of_range_is_named_with_its_key(key, value):
    with pytest.raises(SpecError, match=rf"train\.{key}") as caught:
        TrainConfig(**{key: value})
    assert caught.value.got == value
    assert key in caught.value.mend


def test_pretraining_checks_the_keys_it_shares():
    with pytest.raises(SpecError, match=r"pretrain\.epochs"):
        PretrainConfig(method="scarf", epochs=0)


@pytest.mark.parametrize("section", [ModelConfig, PretrainConfig, TrainConfig])
def test_unknown_keys_are_rejected_where_yaml_comes_in(section):
    with pytest.raises(ValidationError):
        TypeAdapter(section).validate_python({"method": "scarf", "epoch": 3, "x": 1})


def test_nothing_heavy_is_imported_to_read_a_spec():
    code = (
        "import sys, assay.platform.training.config; print('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
