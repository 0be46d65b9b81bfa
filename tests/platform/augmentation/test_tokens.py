"""Token dropout: how often, of what, and what never."""

import pytest
import torch
from assay.models.inputs import PAD, SPECIAL_TOKENS, START, UNKNOWN
from assay.platform.augmentation.tokens import drop_tokens
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

WORDS = len(SPECIAL_TOKENS)


def lines(rows: int, length: int, seed: int = 0) -> torch.Tensor:
    """Lines of words between a start and padding."""
    tokens = torch.randint(WORDS, 500, (rows, length), generator=torch.Generator().manual_seed(seed))
    tokens[:, 0], tokens[:, -2:] = START, PAD
    return tokens


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_as_many_are_dropped_as_is_said(share):
    tokens = lines(200, 103)
    found = drop_tokens(tokens, torch.Generator().manual_seed(1), share=share)
    dropped = int((found == UNKNOWN).sum())
    assert binomtest(dropped, 200 * 100, share).pvalue > 1e-3
    by_place = (found == UNKNOWN)[:, 1:-2].double().mean(dim=0)
    assert float((by_place - share).abs().max()) < 5 * (share * (1 - share) / 200) ** 0.5


@given(st.integers(1, 6), st.integers(4, 30), st.floats(0, 0.99), st.integers(0, 2**31))
def test_only_words_change_only_to_unknown_and_never_what_is_special(rows, length, share, seed):
    tokens = torch.randint(0, 40, (rows, length), generator=torch.Generator().manual_seed(seed))
    found = drop_tokens(tokens, torch.Generator().manual_seed(seed), share=share)
    changed = found != tokens
    assert bool((found[changed] == UNKNOWN).all())
    assert bool((tokens[changed] >= WORDS).all())
    assert torch.equal(found[tokens < WORDS], tokens[tokens < WORDS])


def test_a_seed_gives_the_same_gaps_and_another_others():
    tokens = lines(50, 40)
    one, again, other = (
        drop_tokens(tokens, torch.Generator().manual_seed(seed), share=0.3) for seed in (1, 1, 2)
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_what_one_row_loses_does_not_depend_on_the_other_rows_words():
    tokens, others = lines(20, 30), lines(20, 30, seed=5)
    others[7] = tokens[7]
    one, other = (drop_tokens(t, torch.Generator().manual_seed(3), share=0.4) for t in (tokens, others))
    assert torch.equal(one[7], other[7])
