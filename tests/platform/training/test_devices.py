"""Which device computes."""

import pytest
import torch
from assay.platform.exceptions import CombinationError
from assay.platform.training.devices import choose_device


def test_auto_takes_the_first_that_is_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto").type == "mps"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"


def test_a_device_that_is_not_there_is_refused_with_those_that_are(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(CombinationError) as caught:
        choose_device("cuda")
    assert "cpu" in caught.value.expected
