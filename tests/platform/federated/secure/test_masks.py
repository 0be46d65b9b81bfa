"""Masks against AES block by block, and how flat they are."""

import numpy as np
from assay.platform.federated.secure.masks import mask, packed, unpacked, wrapped
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import chisquare

KEY = bytes(range(32))


def test_a_mask_is_aes_256_of_a_counter():
    block = Cipher(algorithms.AES256(KEY), modes.ECB()).encryptor()
    stream = b"".join(block.update(number.to_bytes(16, "big")) for number in range(20))
    expected = [int.from_bytes(stream[at * 8 : at * 8 + 8], "little") for at in range(30)]
    assert mask(KEY, 30).tolist() == expected


def test_a_mask_is_flat_in_every_byte_of_its_numbers():
    found = packed(mask(KEY, 100_000), 8).reshape(-1, 8)
    assert min(chisquare(np.bincount(column, minlength=256)).pvalue for column in found.T) > 1e-4


@given(arrays(np.uint64, 20), st.integers(5, 8))
def test_what_travels_is_the_number_modulo_its_width(vector, width):
    sent = packed(vector, width)
    assert sent.shape == (20 * width,)
    np.testing.assert_array_equal(unpacked(sent, width), wrapped(vector, width))
    assert wrapped(vector, width).tolist() == [int(part) % 2 ** (8 * width) for part in vector]
