"""Embeddings with repeated and padded tokens, against a loop over samples."""

import pytest
import torch
from assay.platform.exceptions import ModelError
from assay.platform.privacy.bookkeeping import BookKeeping
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    vocabulary=st.integers(1, 6),
    padding=st.booleans(),
)
def test_any_tokens_agree_with_a_loop_over_samples(same_as_one_by_one, shape, vocabulary, padding):
    module = nn.Sequential(nn.Embedding(vocabulary, 4, padding_idx=0 if padding else None), nn.Linear(4, 3))
    same_as_one_by_one(module, torch.randint(0, vocabulary, shape))


@pytest.mark.parametrize("setting", [{"max_norm": 1.0}, {"scale_grad_by_freq": True}, {"sparse": True}])
def test_settings_that_look_at_other_samples_are_refused(setting):
    with pytest.raises(ModelError, match=next(iter(setting))):
        BookKeeping(nn.Embedding(5, 2, **setting))
