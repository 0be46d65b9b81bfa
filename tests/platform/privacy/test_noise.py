"""Noise and the stream behind it, against closed forms and a published test vector."""

import numpy as np
import pytest
import torch
from assay.platform.privacy.key_stream import KeyStream
from assay.platform.privacy.noise import BLOCK, GaussianNoise
from scipy import stats

NUMBERS = 400_001


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    buffer = torch.empty(NUMBERS)
    GaussianNoise(seed=7).fill(buffer, 2.5)
    return buffer.double().numpy() / 2.5


def test_noise_follows_the_normal_distribution(noise):
    assert abs(noise.mean()) < 5 / NUMBERS**0.5
    assert abs(noise.var() - 1) < 5 * (2 / NUMBERS) ** 0.5
    assert stats.kstest(noise, "norm").pvalue > 1e-4
    assert abs(stats.kurtosis(noise)) < 5 * (24 / NUMBERS) ** 0.5


def test_tails_are_as_heavy_as_a_normal_distributions(noise):
    for bound in (3.0, 4.0):
        share = stats.norm.sf(bound) * 2
        beyond = int((np.abs(noise) > bound).sum())
        assert stats.binomtest(beyond, NUMBERS, share).pvalue > 1e-4


@pytest.mark.parametrize("lag", [1, 2, BLOCK // 2, BLOCK])
def test_numbers_are_independent_of_their_neighbours_and_partners(noise, lag):
    first, second = noise[:-lag], noise[lag:]
    limit = 5 / len(first) ** 0.5
    assert abs(np.mean(first * second)) < limit
    # A pair of Box and Muller shares its radius: squares would show a fault that products hide.
    assert abs(np.mean((first**2 - 1) * (second**2 - 1)) / 2) < limit


def test_the_same_seed_gives_the_same_noise_and_another_seed_another():
    draws = [torch.empty(101) for _ in range(3)]
    for buffer, seed in zip(draws, (3, 3, 4), strict=True):
        GaussianNoise(seed).fill(buffer, 1.0)
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_without_a_seed_two_runs_share_nothing_and_say_so():
    first, second = torch.empty(64), torch.empty(64)
    for buffer in (first, second):
        GaussianNoise().fill(buffer, 1.0)
    assert GaussianNoise().secret
    assert not GaussianNoise(0).secret
    assert not np.isin(first.numpy(), second.numpy()).any()


def test_a_restored_stream_goes_on_where_it_stood():
    noise = GaussianNoise()
    noise.fill(torch.empty(33), 1.0)
    state = noise.stream.state()
    expected, resumed = torch.empty(50), torch.empty(50)
    noise.fill(expected, 1.0)
    other = GaussianNoise()
    other.stream.restore(state)
    other.fill(resumed, 1.0)
    assert torch.equal(expected, resumed)


def test_deviation_zero_is_no_noise():
    buffer = torch.ones(10)
    GaussianNoise().fill(buffer, 0.0)
    assert not buffer.any()


def test_the_stream_is_aes_in_counter_mode():
    # NIST SP 800-38A, F.5.1, AES-128: the key stream is the ciphertext xor the plaintext.
    stream = KeyStream(None, "test")
    stream.restore({"key": "2b7e151628aed2a6abf7158809cf4f3c", "blocks": 0xF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF})
    plain = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
    cipher = bytes.fromhex("874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff")
    words = stream.words(32, np.uint8)
    assert bytes(words) == bytes(a ^ b for a, b in zip(plain, cipher, strict=True))


def test_streams_of_one_seed_with_different_purposes_are_unrelated():
    first, second = KeyStream(5, "noise").words(8), KeyStream(5, "sampling").words(8)
    assert not np.isin(first, second).any()
