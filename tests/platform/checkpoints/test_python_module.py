"""A module of one's own: allowed by name, made once, and held to one vector a row."""

import sys

import pytest
import torch
from assay.models.inputs import ImageInput, TabularInput, TextInput
from assay.platform.checkpoints.permission import permitting
from assay.platform.checkpoints.python_module import build, source_digest
from assay.platform.exceptions import ModelError, UsageError
from torch import nn

TABLE = TabularInput(numeric=3, cardinalities=(4, 5))
INPUTS = {
    "make_table": (TABLE, (torch.zeros(4, 3), torch.zeros(4, 2, dtype=torch.int64))),
    "make_image": (ImageInput(channels=1, height=8, width=8), (torch.zeros(4, 1, 8, 8),)),
    "make_text": (TextInput(vocabulary=30, length=6), (torch.full((4, 6), 2),)),
}
MODULE = """
import torch
from torch import nn

class Table(nn.Module):
    def __init__(self, numeric, width):
        super().__init__()
        self.layer, self.normal = nn.Linear(numeric, width), nn.BatchNorm1d(width)
    def forward(self, numeric, codes):
        return self.normal(self.layer(numeric))

class Text(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.codes = nn.Embedding(vocabulary, 7)
    def forward(self, codes):
        return self.codes(codes).mean(1)

def make_table(inputs, width=7): return Table(inputs.numeric, width)
def make_image(inputs): return nn.Sequential(nn.Flatten(), nn.Linear(inputs.height * inputs.width, 7))
def make_text(inputs): return Text(inputs.vocabulary)
def no_module(inputs): return 3
def maps(inputs): return nn.Conv2d(inputs.channels, 2, 3)
def codes(inputs): return nn.Flatten() if not hasattr(inputs, "numeric") else nn.Identity()
def raises(inputs): raise RuntimeError("no such file")
NUMBER = 3
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "module_of_ones_own.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "module_of_ones_own"
    sys.modules.pop("module_of_ones_own", None)


@pytest.mark.parametrize("name", INPUTS)
def test_every_kind_of_input_reaches_the_module(own, name):
    inputs, rows = INPUTS[name]
    with permitting(code=[f"{own}:{name}"]):
        network = build(inputs, 3, factory=f"{own}:{name}", options={})
    assert network.width == 7
    assert network.eval().encode(*rows).shape == (4, 7)
    assert network(*rows).shape == (4, 3)


def test_its_width_is_found_without_touching_running_statistics(own):
    with permitting(code=[f"{own}:make_table"]):
        network = build(TABLE, 2, factory=f"{own}:make_table", options={"width": 5})
    assert network.width == 5
    assert network.training
    assert isinstance(network.body.normal, nn.BatchNorm1d)
    assert int(network.body.normal.num_batches_tracked) == 0


@pytest.mark.parametrize(
    ("name", "inputs", "said"),
    [
        ("no_module", TABLE, "a int"),
        ("maps", INPUTS["make_image"][0], r"\(2, 2, 6, 6\) from two rows"),
        ("codes", INPUTS["make_text"][0], r"int64 \(2, 6\) from two rows"),
        ("codes", TABLE, "TypeError"),
        ("raises", TABLE, "no such file"),
        ("nowhere", TABLE, "AttributeError"),
        ("NUMBER", TABLE, "TypeError"),
    ],
)
def test_what_gives_no_vector_a_row_is_refused(own, name, inputs, said):
    factory = f"{own}:{name}"
    with permitting(code=[factory]), pytest.raises(ModelError, match=said) as caught:
        build(inputs, 2, factory=factory, options={})
    assert caught.value.exit_code == 2


def test_permission_is_for_one_name_and_ends_with_its_block(own):
    factory = f"{own}:make_table"
    with permitting(code=[factory]):
        with permitting(), pytest.raises(UsageError, match="--allow-code"):
            build(TABLE, 2, factory=factory, options={})
        assert len(str(source_digest(factory))) == 64
    for ask in (source_digest, lambda name: build(TABLE, 2, factory=name, options={})):
        with pytest.raises(UsageError, match="allowed: nothing"):
            ask(factory)
