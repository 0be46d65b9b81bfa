import numpy as np
import pytest
from assay.platform.data.config import SplitConfig
from assay.platform.data.splits import NAMES, TEST, TRAIN, UNSET, VALIDATION, apportion, deal, shuffled
from assay.platform.exceptions import DataError
from hypothesis import given, settings
from hypothesis import strategies as st

SHARES = st.sampled_from([(0.2, 0.1), (0.5, 0.4), (0.05, 0.05), (0.1, 0.6)])


@settings(deadline=None)
@given(
    counts=st.lists(st.integers(3, 200), min_size=1, max_size=6),
    shares=SHARES,
    seed=st.integers(0, 2**63),
)
def test_each_class_gives_each_split_its_share_and_each_split_has_every_class(counts, shares, seed):
    target = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    codes = deal(target, SplitConfig(test=shares[0], validation=shares[1], seed=seed))
    for label, count in enumerate(counts):
        dealt = np.bincount(codes[target == label], minlength=3)
        assert dealt.sum() == count
        assert dealt.min() >= 1
        assert abs(dealt[TEST] - shares[0] * count) <= 1
        assert abs(dealt[VALIDATION] - shares[1] * count) <= 2


@settings(deadline=None)
@given(data=st.data(), groups=st.integers(3, 40), seed=st.integers(0, 1000))
def test_no_group_crosses_splits_and_every_split_has_one(data, groups, seed):
    sizes = data.draw(st.lists(st.integers(1, 30), min_size=groups, max_size=groups))
    group = np.random.default_rng(seed).permutation(np.repeat(np.arange(groups), sizes))
    codes = deal(np.zeros(len(group), dtype=int), SplitConfig(seed=seed), groups=group)
    for one in range(groups):
        assert len(set(codes[group == one])) == 1
    assert set(codes) == {TRAIN, VALIDATION, TEST}


def test_many_small_groups_fill_each_split_to_its_share():
    group = np.repeat(np.arange(1000), 5)
    codes = deal(np.zeros(5000, dtype=int), SplitConfig(test=0.2, validation=0.1), groups=group)
    assert np.allclose(np.bincount(codes) / 5000, [0.7, 0.1, 0.2], atol=0.002)


def test_the_split_is_the_same_for_ever():
    codes = deal(np.arange(20) % 2, SplitConfig(test=0.2, validation=0.2, seed=3))
    assert "".join(NAMES[code][:2] for code in codes) == "vatrtrvatrtrtrtetevavatrtetetrtrtrtrtrtr"


def test_the_shuffle_is_splitmix64():
    """The published generator from seed 0, in Python's own integers."""
    mask, keys = (1 << 64) - 1, []
    for position in range(1, 51):
        z = (position * 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        keys.append(z ^ (z >> 31))
    assert keys[0] == 0xE220A8397B1DCDAF
    assert shuffled(50, 0).tolist() == sorted(range(50), key=keys.__getitem__)


def test_other_seeds_shuffle_otherwise_and_uniformly():
    first = np.array([shuffled(10, seed)[0] for seed in range(5000)])
    assert np.abs(np.bincount(first, minlength=10) / 5000 - 0.1).max() < 0.02


def test_the_official_test_split_is_kept_and_validation_taken_from_the_rest():
    official = np.full(100, UNSET, dtype=np.int8)
    official[70:] = TEST
    codes = deal(np.arange(100) % 2, SplitConfig(validation=0.1), official=official)
    assert (codes[70:] == TEST).all()
    assert np.bincount(codes[:70]).tolist() == [63, 7]


def test_a_quantity_is_dealt_across_its_whole_range():
    values = np.random.default_rng(0).exponential(size=1000)
    codes = deal(values, SplitConfig())
    tenth = np.argsort(np.argsort(values)) // 100
    for part in range(10):
        assert np.abs(np.bincount(codes[tenth == part], minlength=3) - [70, 10, 20]).max() <= 1


def test_groups_that_cross_the_official_split_are_refused():
    official = np.array([UNSET, UNSET, TEST, TEST, UNSET], dtype=np.int8)
    with pytest.raises(DataError, match="cross"):
        deal(np.zeros(5, dtype=int), SplitConfig(), official=official, groups=np.array([0, 1, 1, 2, 3]))


def test_too_few_groups_are_refused():
    with pytest.raises(DataError, match="no row is left"):
        deal(np.zeros(10, dtype=int), SplitConfig(), groups=np.arange(10) % 2)


@given(counts=st.lists(st.integers(0, 500), min_size=1, max_size=20), share=st.floats(0.01, 0.5))
def test_largest_remainders_give_the_wanted_total_where_no_stratum_is_tiny(counts, share):
    quota = apportion(np.array(counts), share)
    forced = sum(1 for count in counts if count >= 3 and count * share < 1)
    assert abs(quota.sum() - round(share * sum(counts))) <= forced
    assert (np.abs(quota - np.array(counts) * share) <= 1).all()
