"""Layers without a rule of ours."""

import pytest
import torch
from assay.platform.exceptions import ModelError
from assay.platform.privacy.bookkeeping import BookKeeping
from torch import nn

pytest.importorskip("opacus")
pytestmark = pytest.mark.filterwarnings("ignore:.*Opacus computes the per-sample gradients.*")


class Scale(nn.Module):
    """A kind that nobody knows."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.randn(4))

    def forward(self, rows):
        return rows * self.factor.exp()


def test_an_unknown_layer_goes_through_torch_func_and_agrees(same_as_one_by_one):
    same_as_one_by_one(nn.Sequential(nn.Linear(3, 4), Scale(), nn.Linear(4, 2)), torch.randn(5, 3))


def test_a_layer_that_opacus_has_a_rule_for_agrees(same_as_one_by_one):
    same_as_one_by_one(nn.Sequential(nn.Conv3d(2, 3, 2), nn.Flatten()), torch.randn(5, 2, 3, 4, 3))


def test_the_fallback_gives_notice():
    with pytest.warns(UserWarning, match="Opacus computes the per-sample gradients of Scale"):
        BookKeeping(Scale())


def test_without_opacus_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr("assay.platform.privacy.rules.opacus_fallback.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"assay\[privacy\]"):
        BookKeeping(Scale())
